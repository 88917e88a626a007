#include "storage/layers.hpp"

#include <algorithm>
#include <sys/sysmacros.h>

namespace bulkhead::storage {
namespace {

constexpr std::size_t climb_max = 64; // the kernel stacks far fewer; a circle in the facts must end, too

std::uint64_t sum(std::uint64_t a, std::uint64_t b) {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

// Where `inner`, a place in something that has `outer` in the thing below, is in that thing.
Place within(const Place& inner, const Place& outer) {
    if (outer.allocated) return allocated;
    if (inner.allocated) return outer; // not known more exactly
    return {false, sum(outer.first, inner.first), std::min(outer.end, sum(outer.first, inner.end))};
}

bool intersect(const Place& a, const Place& b) {
    if (a.allocated && b.allocated) return false;
    if (a.allocated || b.allocated) return true;
    return a.first < b.end && b.first < a.end;
}

} // namespace

Node device_node(unsigned major, unsigned minor) {
    return {Node::Kind::device, makedev(major, minor), 0, ""};
}

Node file_node(std::uint64_t device, std::uint64_t inode) {
    return {Node::Kind::file, device, inode, ""};
}

Node named_node(std::string name) {
    return {Node::Kind::name, 0, 0, std::move(name)};
}

std::vector<Node> Layers::below(const Node& upper) const {
    std::vector<Node> nodes;
    if (const auto found = below_.find(upper); found != below_.end()) {
        for (const Below& lower : found->second) nodes.push_back(lower.node);
    }
    return nodes;
}

void Layers::add(const Node& upper, const Node& lower, Place place) {
    below_[upper].push_back({lower, place});
}

void Layers::climb(const Node& node, const Place& place, Places& places, std::size_t depth) const {
    std::vector<Place>& seen = places[node];
    if (std::find(seen.begin(), seen.end(), place) != seen.end() || depth == 0) return;
    seen.push_back(place);
    const auto found = below_.find(node);
    if (found == below_.end()) return;
    for (const Below& below : found->second) climb(below.node, within(place, below.place), places, depth - 1);
}

// Compares where the two first meet and not below: what neighbours share further down is the whole of what they lie on.
bool Layers::meets(const Node& node, const Place& place, const Places& others, std::size_t depth) const {
    if (const auto met = others.find(node); met != others.end()) {
        return std::any_of(met->second.begin(), met->second.end(),
                           [&](const Place& other) { return intersect(place, other); });
    }
    if (depth == 0) return true; // facts that make no sense: refuse rather than share
    const auto found = below_.find(node);
    if (found == below_.end()) return false;
    return std::any_of(found->second.begin(), found->second.end(), [&](const Below& below) {
        return meets(below.node, within(place, below.place), others, depth - 1);
    });
}

bool Layers::overlap(const Node& one, const Node& other) const {
    Places others;
    climb(other, whole, others, climb_max);
    return meets(one, whole, others, climb_max);
}

} // namespace bulkhead::storage
