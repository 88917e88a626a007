#include "storage/sharing.hpp"

#include <gmock/gmock.h>
#include <random>
#include <set>

namespace bulkhead::storage {
namespace {

using testing::HasSubstr;

const Node sda = device_node(8, 0), sda1 = device_node(8, 1), sda2 = device_node(8, 2), root = device_node(253, 0),
           home = device_node(253, 1), loop0 = device_node(7, 0), loop1 = device_node(7, 1), image = file_node(1, 42);

Layers host() {
    Layers layers;
    layers.add(sda1, sda, {false, 512, 1024});
    layers.add(sda2, sda, {false, 1024, 4096});
    layers.add(root, sda2, allocated);
    layers.add(home, sda2, allocated);
    layers.add(loop0, image, whole);
    layers.add(loop1, image, {false, 100, 200});
    return layers;
}

std::optional<std::string> ask(const Node& wanted, bool write, const Node& used, bool used_write, bool force = false) {
    return refusal(host(), {"disk", wanted, write, force}, {{used, used_write, "mounted"}});
}

TEST(Sharing, WhatIsWrittenIsSharedWithNobody) {
    EXPECT_TRUE(ask(sda1, true, sda1, true));
    EXPECT_TRUE(ask(sda1, true, sda1, false));
    EXPECT_TRUE(ask(sda1, false, sda1, true));
    EXPECT_FALSE(ask(sda1, false, sda1, false));
}

TEST(Sharing, ForceIsHeard) {
    EXPECT_FALSE(ask(sda1, true, sda1, true, true));
}

TEST(Sharing, PartsAndWholes) {
    EXPECT_TRUE(ask(sda, true, sda1, true));
    EXPECT_TRUE(ask(sda1, true, sda, true));
    EXPECT_FALSE(ask(sda1, true, sda2, true));
    EXPECT_TRUE(ask(sda, true, root, true));
    EXPECT_TRUE(ask(root, true, sda, false));
    EXPECT_FALSE(ask(root, true, home, true));
    EXPECT_FALSE(ask(sda1, true, home, true));
}

TEST(Sharing, LoopDevices) {
    EXPECT_TRUE(ask(image, true, loop0, true));
    EXPECT_TRUE(ask(loop0, true, image, true));
    EXPECT_TRUE(ask(loop0, true, loop1, true));
    EXPECT_TRUE(ask(loop1, true, image, true));
    EXPECT_FALSE(ask(file_node(1, 43), true, loop0, true));
}

TEST(Sharing, SaysWhatAndWhatToDo) {
    const auto words = refusal(host(), {"/dev/x", sda, true, false}, {{root, true, "mounted read-write at / in dom0"}});
    ASSERT_TRUE(words);
    EXPECT_THAT(*words, HasSubstr("'/dev/x' shares storage with what is mounted read-write at / in dom0"));
    EXPECT_THAT(*words, HasSubstr("'w!'"));
    EXPECT_THAT(*ask(sda, false, sda, true), HasSubstr("make both read-only"));
}

TEST(Sharing, ACircleInTheFactsEnds) {
    Layers layers;
    layers.add(sda, sda1, whole);
    layers.add(sda1, sda, whole);
    EXPECT_TRUE(layers.overlap(sda, sda1));
    (void)layers.overlap(sda, image);
}

// Against a model that knows every byte: random disks and files with partitions, volumes and loop devices on them.
class Model {
public:
    Model(unsigned seed, bool volumes) : random_(seed), volumes_(volumes) {
        for (unsigned i = 0; i < 3; ++i) {
            add_base(i == 2 ? file_node(9, i) : device_node(8, i * 16));
        }
        for (unsigned i = 0; i < 12; ++i) grow();
    }
    void check() const {
        for (const auto& [one, its] : bytes_) {
            for (const auto& [other, others] : bytes_) {
                const bool share = std::any_of(its.begin(), its.end(), [&, o = &others](const auto& byte) {
                    return std::find(o->begin(), o->end(), byte) != o->end();
                });
                const bool said = layers_.overlap(one, other);
                EXPECT_EQ(said, layers_.overlap(other, one)) << "in the other order";
                // Where in its group a volume lies is not known: then too much may be refused, never too little.
                EXPECT_TRUE(volumes_ ? said || !share : said == share) << one.device << " and " << other.device;
            }
        }
    }

private:
    using Bytes = std::vector<std::pair<Node, unsigned>>; // in order: where each byte of the thing really is
    unsigned pick(std::size_t below) { return static_cast<unsigned>(random_() % below); }

    void add_base(const Node& node) {
        Bytes bytes;
        for (unsigned i = 0; i < 64; ++i) bytes.emplace_back(node, i);
        bytes_[node] = bytes;
        free_.push_back(node);
    }
    void take(const Node& node, const Node& below, Place place, Bytes bytes) {
        layers_.add(node, below, place);
        bytes_[node] = std::move(bytes);
        free_.push_back(node);
    }
    void grow() {
        const Node below = free_[pick(free_.size())];
        const Bytes room = bytes_.at(below);
        if (room.size() < 4) return;
        const auto part = [&](std::size_t first, std::size_t end) {
            return Bytes(room.begin() + static_cast<std::ptrdiff_t>(first),
                         room.begin() + static_cast<std::ptrdiff_t>(end));
        };
        const Node one = device_node(100, next_++), two = device_node(100, next_++);
        const std::size_t cut = 1 + pick(room.size() - 2);
        switch (pick(volumes_ ? 3 : 2)) {
        case 0: // two partitions
            take(one, below, {false, 0, cut}, part(0, cut));
            take(two, below, {false, cut, room.size()}, part(cut, room.size()));
            break;
        case 2: { // two volumes, interleaved, and nothing else on it
            Bytes odd, even;
            for (std::size_t i = 0; i < room.size(); ++i) (i % 2 == 0 ? even : odd).push_back(room[i]);
            take(one, below, allocated, even);
            take(two, below, allocated, odd);
            std::erase(free_, below);
            break;
        }
        default: // loop devices, with and without an offset
            take(one, below, whole, room);
            take(two, below, {false, cut, UINT64_MAX}, part(cut, room.size()));
        }
        if (bytes_.at(below).size() == room.size() && pick(2) == 0) std::erase(free_, below);
    }
    std::mt19937 random_;
    bool volumes_;
    Layers layers_;
    std::map<Node, Bytes> bytes_;
    std::vector<Node> free_;
    unsigned next_ = 0;
};

TEST(SharingProperty, OverlapIsWhatSharedBytesAre) {
    for (unsigned seed = 1; seed <= 150; ++seed) {
        SCOPED_TRACE(seed);
        Model(seed, seed % 2 == 0).check();
        if (testing::Test::HasFailure()) return;
    }
}

} // namespace
} // namespace bulkhead::storage
