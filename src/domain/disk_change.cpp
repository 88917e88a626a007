#include "domain/disk_change.hpp"

#include "base/text.hpp"
#include "domain/disk_rule.hpp"
#include "domain/gate.hpp"
#include "xen/nic.hpp"

#include <cerrno>
#include <chrono>

namespace bulkhead::domain {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds connect_wait{60}; // a busy guest on a slow machine; failures say so at once

std::string bounded(xen::Store& store, const std::string& path) {
    const auto read = store.read_if(path);
    return read && *read ? printable(**read, 400) : "";
}

// Linux writes what xenbus_dev_error() says below the writer's own home, as "NUMBER text".
std::string own_words(xen::Store& store, unsigned writer, const std::string& device) {
    return bounded(store, "/local/domain/" + std::to_string(writer) + "/error/" + device + "/error");
}

struct DiskEnds {
    std::string backend, frontend; // xenstore paths
    unsigned backend_domain = 0, domain = 0;
};

DiskEnds ends_of(const xen::DiskInfo& disk, unsigned domain) {
    return {disk.backend, "/local/domain/" + std::to_string(domain) + "/device/vbd/" + std::to_string(disk.devid),
            disk.backend_domain, domain};
}

DiskState look_at(xen::Store& store, const DiskEnds& ends) {
    DiskState state;
    state.backend_state = bounded(store, ends.backend + "/state");
    state.frontend_state = bounded(store, ends.frontend + "/state");
    state.hotplug_error = bounded(store, ends.backend + "/hotplug-error");
    const auto home = [](unsigned domain) { return "/local/domain/" + std::to_string(domain) + "/"; };
    const auto below = [&](const std::string& path, unsigned domain) {
        return path.starts_with(home(domain)) ? path.substr(home(domain).size()) : std::string("none");
    };
    state.backend_error = own_words(store, ends.backend_domain, below(ends.backend, ends.backend_domain));
    state.frontend_error = own_words(store, ends.domain, below(ends.frontend, ends.domain));
    const auto there = store.exists(ends.backend);
    state.backend_exists = there && *there;
    return state;
}

Status wait_for_disk(xen::Store& store, const DiskEnds& ends, const std::string& client) {
    TRY(store.watch(ends.backend, "disk"));
    TRY(store.watch(ends.frontend + "/state", "disk"));
    const auto end = Clock::now() + connect_wait;
    Status status;
    for (;;) {
        const DiskJudgement now = judge_disk(look_at(store, ends), client);
        if (now.verdict == DiskVerdict::connected) break;
        if (now.verdict == DiskVerdict::failed) {
            status = fail(now.reason, EIO);
            break;
        }
        if (!TRY(store.wait_event(end))) {
            status =
                fail("not connected after " + std::to_string(connect_wait.count()) + " s: " + now.reason, ETIMEDOUT);
            break;
        }
    }
    (void)store.unwatch(ends.backend, "disk");
    (void)store.unwatch(ends.frontend + "/state", "disk");
    return status;
}

// What tells this disk from another one that later has its name.
std::string detail_of(const std::string& vdev, const std::string& target) {
    return vdev + " " + target;
}

} // namespace

DiskJudgement judge_disk(const DiskState& state, const std::string& client) {
    const auto failed = [](std::string reason) { return DiskJudgement{DiskVerdict::failed, std::move(reason)}; };
    if (!state.hotplug_error.empty()) return failed("the backend cannot open the disk: " + state.hotplug_error);
    if (!state.backend_exists) return failed("the disk was removed while it was being connected");
    if (state.backend_state == "4" && state.frontend_state == "4") return {DiskVerdict::connected, ""};
    if (!state.backend_error.empty()) return failed("the backend says: " + state.backend_error);
    if (!state.frontend_error.empty()) return failed("the frontend in '" + client + "' says: " + state.frontend_error);
    if (state.backend_state == "5" || state.backend_state == "6") return failed("the backend closed the disk");
    if (state.frontend_state == "5" || state.frontend_state == "6")
        return failed("the frontend in '" + client + "' closed the disk");
    if (state.backend_state.empty() || state.backend_state == "1")
        return {DiskVerdict::wait, "no backend has taken it up; is xen-blkback loaded in the backend's domain, or "
                                   "QEMU there for a qcow2 or VHD file?"};
    return {DiskVerdict::wait,
            "the frontend in '" + client + "' has not connected; does it have a xen-blkfront driver?"};
}

Result<xen::DiskInfo> attach_disk(xen::Context& xen, xen::Store& store, const xen::DomainInfo& domain,
                                  xen::DiskSpec disk, const Gate& gate, const Progress& progress,
                                  const DiskIntent& intent) {
    if (const auto taken = TRY(xen::find_disk(xen, domain.id, disk.vdev))) {
        return fail("'" + domain.name + "' has a disk " + taken->vdev + " already (" + printable(taken->target, 200) +
                        "); see: bulkhead block-list " + domain.name,
                    EEXIST);
    }
    auto lock = std::make_optional(TRY(lock_disks()));
    TRY(check_disks(xen, store, {disk}));
    const Permit permit = TRY(gate.disk(xen, domain, disk));
    use_own_script(disk);
    TRY(intent(detail_of(disk.vdev, disk.target.value_or(""))));
    Result<xen::DiskInfo> added = xen::add_disk(xen, domain.id, disk);
    lock.reset(); // from now on everybody sees it
    Status status;
    if (!added && added.error().code == xen::device_exists) return added; // another toolstack's, just now
    if (!added) {
        status = tl::unexpected(added.error());
        // libxl only knows that it waited in vain; the backend may have said why.
        if (const auto half = xen::find_disk(xen, domain.id, disk.vdev); half && *half) {
            const DiskJudgement why = judge_disk(look_at(store, ends_of(**half, domain.id)), domain.name);
            if (!why.reason.empty()) status = fail(why.reason + " (libxl: " + added.error().message + ")", EIO);
        }
    } else if (Status held = check_held(xen, store, domain.id, permit.disk_nodes); !held) {
        status = std::move(held);
    } else if (!domain.paused) {
        progress("disk " + disk.vdev + ": waiting until the guest has it");
        status = wait_for_disk(store, ends_of(*added, domain.id), domain.name);
    }
    if (status) return TRY(xen::find_disk(xen, domain.id, disk.vdev)).value_or(*added);
    progress("removing the half-made disk");
    (void)xen::destroy_disk(xen, domain.id, disk.vdev);
    return tl::unexpected(status.error());
}

Status detach_disk(xen::Context& xen, const xen::DomainInfo& domain, const std::string& vdev, bool force,
                   const DiskIntent& intent) {
    const auto disk = TRY(xen::find_disk(xen, domain.id, vdev));
    if (!disk) {
        std::vector<std::string> names;
        for (const xen::DiskInfo& there : TRY(xen::list_disks(xen, domain.id))) names.push_back(there.vdev);
        return fail("'" + domain.name + "' has no disk '" + printable(vdev, 64) +
                        "'; it has: " + (names.empty() ? "none" : join(names, ", ")),
                    ENOENT);
    }
    TRY(intent(detail_of(disk->vdev, disk->target)));
    if (force) return xen::destroy_disk(xen, domain.id, disk->vdev);
    const Status removed = xen::remove_disk(xen, domain.id, disk->vdev);
    if (removed) return {};
    return fail("'" + domain.name + "' does not let go of " + disk->vdev +
                    ": unmount it there first, or use --force, which may lose data (" + removed.error().message + ")",
                EBUSY);
}

Status withdraw_disk(xen::Context& xen, unsigned domain, const std::string& detail) {
    for (const xen::DiskInfo& disk : TRY(xen::list_disks(xen, domain))) {
        if (detail_of(disk.vdev, disk.target) == detail) return xen::destroy_disk(xen, domain, disk.vdev);
    }
    return {};
}

} // namespace bulkhead::domain
