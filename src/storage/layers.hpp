// What storage is made of: which block device or file, whatever it is called, and what that lies on. Pure.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace bulkhead::storage {

// The identity of something that holds a disk's bytes. Two names (links, other spellings) of one thing are one Node.
struct Node {
    enum class Kind {
        device, // a block device of dom0: `device` is its number, st_rdev of stat(2)
        file,   // a file of dom0: st_dev and st_ino
        name,   // nothing that dom0 can look at (another domain's, a network disk): only its name tells
    };
    Kind kind = Kind::name;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::string name;
    auto operator<=>(const Node&) const = default;
};

Node device_node(unsigned major, unsigned minor);
Node file_node(std::uint64_t device, std::uint64_t inode);
Node named_node(std::string name);

// Where something lies in what is below it.
struct Place {
    bool allocated = false;  // somewhere in it, with room of its own that no neighbour has (LVM)
    std::uint64_t first = 0; // else these bytes: [first, end)
    std::uint64_t end = UINT64_MAX;
    auto operator<=>(const Place&) const = default;
};
inline constexpr Place whole{};
inline constexpr Place allocated{true, 0, UINT64_MAX};

// Who lies on what: a partition on its disk, a volume on its physical volumes, a loop device on its file.
class Layers {
public:
    void add(const Node& upper, const Node& lower, Place place);
    [[nodiscard]] bool knows(const Node& upper) const { return below_.contains(upper); }

    [[nodiscard]] std::vector<Node> below(const Node& upper) const; // directly

    // Whether a byte of one can be a byte of the other. Neighbours (two partitions of a disk, two volumes of a group)
    // do not overlap; a part and its whole do, and so do two loop devices of one file.
    [[nodiscard]] bool overlap(const Node& one, const Node& other) const;

private:
    struct Below {
        Node node;
        Place place;
    };
    using Places = std::map<Node, std::vector<Place>>;
    void climb(const Node& node, const Place& place, Places& places, std::size_t depth) const;
    bool meets(const Node& node, const Place& place, const Places& others, std::size_t depth) const;
    std::map<Node, std::vector<Below>> below_;
};

} // namespace bulkhead::storage
