// What dom0's kernel says about storage: which device or file a name means, what that lies on, what is mounted.
#pragma once

#include "base/result.hpp"
#include "storage/layers.hpp"
#include "storage/sharing.hpp"

#include <string>
#include <vector>

namespace bulkhead::storage {

class Facts {
public:
    explicit Facts(std::string sysfs = "/sys", std::string proc = "/proc", std::string dev = "/dev")
        : sysfs_(std::move(sysfs)), proc_(std::move(proc)), dev_(std::move(dev)) {}

    // The device or file behind a name, links followed, and all that it lies on. Errors: it is not there, or is neither
    // a block device nor a file; the kernel does not tell what a device lies on.
    Result<Node> find(const std::string& path);
    // As find(), for a block device of dom0 by its number.
    Result<Node> find_device(unsigned major, unsigned minor);

    // Mounts and swap areas of dom0.
    Result<std::vector<Use>> dom0_uses();

    [[nodiscard]] const Layers& layers() const { return layers_; }

private:
    Status look_below(const Node& node, unsigned depth);
    Status look_below_loop(const Node& node, const std::string& folder, unsigned depth);
    Result<Node> identify(const std::string& path);

    std::string sysfs_, proc_, dev_;
    Layers layers_;
};

} // namespace bulkhead::storage
