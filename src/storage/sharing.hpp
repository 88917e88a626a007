// The rule for disks that more than one wants (xl-disk-configuration's mode, "w!" of the Xen manual): what somebody may
// write nobody else has. Pure: the facts come in, the verdict goes out.
#pragma once

#include "storage/layers.hpp"

#include <optional>
#include <string>
#include <vector>

namespace bulkhead::storage {

// A use of storage that exists: a mount or swap area in dom0, a disk of a domain.
struct Use {
    Node node;
    bool write = false;
    std::string what; // for people: "mounted read-write at /srv in dom0", "disk xvda of domain 'web'"
};

// A disk that a domain shall get. `name` is what the person wrote.
struct Wanted {
    std::string name;
    Node node;
    bool write = false;
    bool force = false; // "w!": the person knows what they do
};

// nullopt: it may have it. Otherwise why not, and what to do.
std::optional<std::string> refusal(const Layers& layers, const Wanted& wanted, const std::vector<Use>& uses);

} // namespace bulkhead::storage
