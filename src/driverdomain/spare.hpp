// The spare: a driver domain that has booted and loaded everything but has no device yet, saved to a file. Restoring it
// is a return without a boot. It fits exactly what it was made from; another kernel, image, configuration or
// hypervisor, or a new boot of the host, makes it useless, and it is made again.
#pragma once

#include "base/result.hpp"
#include "domain/create.hpp"
#include "xen/context.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace bulkhead::driverdomain {

// Whether a domain of this configuration can have a spare: vifs and disks of its own cannot be added after the fact.
bool can_have_spare(const xen::DomainSpec& spec);

class SpareStore {
public:
    explicit SpareStore(std::string directory) : directory_(std::move(directory)) {}

    // The image's file, if there is one that fits `request` here and now; otherwise "".
    Result<std::string> find(xen::Context& xen, const domain::CreateRequest& request) const;
    // Boots a spare under a name and UUID of its own, waits until its agent lacks nothing but a device, saves it,
    // destroys it. The file of an earlier one is removed first.
    // False: this configuration cannot have one, or a fitting one is there.
    Result<bool> make(xen::Context& xen, const domain::CreateRequest& request, const std::string& spare_uuid,
                      const domain::CreateHooks& hooks) const;
    Status drop(const std::string& uuid) const;

private:
    [[nodiscard]] std::string image(const std::string& uuid) const { return directory_ + "/" + uuid + ".image"; }
    [[nodiscard]] std::string key(const std::string& uuid) const { return directory_ + "/" + uuid + ".inputs"; }
    std::string directory_;
};

} // namespace bulkhead::driverdomain
