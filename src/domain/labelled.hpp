// Which resource a name means, whatever it is called, and which labelled resources lie in it. For workers: looking at
// files may take long.
//
// A block device is its number, a file its device and inode; links of both kinds are followed by opening the name and
// asking what was opened. Numbers belong to one boot of the host: a label is also kept by its canonical path, and the
// number is looked up again after a boot.
#pragma once

#include "base/result.hpp"
#include "storage/facts.hpp"
#include "storage/layers.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::domain {

enum class ResourceKind { file, phy, vlan, pci, name };
const char* kind_name(ResourceKind kind);
std::optional<ResourceKind> parse_kind(std::string_view name);

struct Labelled {
    std::string key; // canonical name: "file:/x", "phy:/dev/sda1", "vlan:3", "pci:0000:00:02.0"
    ResourceKind kind = ResourceKind::name;
    storage::Node node; // of files and devices; Kind::name when it is not there, or not known in this boot
    std::string path;   // of files and devices: canonical
    std::string boot;   // of the host, that `node` belongs to
    bool operator==(const Labelled&) const = default;
};

// All that have a label. Changes when one gets or loses its label.
struct LabelledSet {
    std::uint64_t generation = 0;
    std::vector<Labelled> all;
};

// This boot of the host.
Result<std::string> boot_id();

// The names of docs/policy.md: file:, tap:, tap2:, phy:, an absolute path, vlan:, pci:, name:. Files and devices must
// be there. Errors use xm's words where it had some.
Result<Labelled> find_resource(storage::Facts& facts, std::string_view name);

// For a file or device that shall get or has a disk: every labelled resource that a byte of it may belong to, by its
// canonical names; without any its own. `name`: as a configuration has it.
Result<std::vector<std::string>> resources_in(storage::Facts& facts, const LabelledSet& labelled,
                                              const std::string& path);
// The same for what is known by its number or as a foreign name.
std::vector<std::string> resources_in(storage::Facts& facts, const LabelledSet& labelled, const Labelled& wanted);

// The identity of a file or device as text; empty for what has none.
std::string node_text(const storage::Node& node);

// After a boot: numbers that belong to another one are looked up again, or forgotten.
void refresh(Labelled& resource, const std::string& boot);

} // namespace bulkhead::domain
