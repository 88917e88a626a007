#include "daemon/arguments.hpp"
#include "daemon/handlers.hpp"

#include "base/text.hpp"
#include "domain/disk_change.hpp"
#include "domain/disk_rule.hpp"
#include "domain/gate.hpp"
#include "xen/disk.hpp"
#include "xen/store.hpp"

#include <cerrno>

namespace bulkhead::daemon {
namespace {

constexpr seconds disk_deadline{180}; // libxl waits 10 s for the backend and 40 s for its script; the guest 60 s

json describe(const xen::DiskInfo& disk) {
    return {{"devid", disk.devid},
            {"vdev", disk.vdev},
            {"target", disk.target},
            {"type", disk.type},
            {"mode", disk.writable ? "w" : "r"},
            {"cdrom", disk.cdrom},
            {"backend_domain", disk.backend_domain},
            {"frontend_domain", disk.frontend_domain},
            {"state", disk.state},
            {"event_channel", disk.event_channel},
            {"ring", disk.ring},
            {"backend", disk.backend}};
}

Status attach_block(Manager& manager, const CallPointer& call) {
    const Arguments arguments(*call);
    const xen::DomainInfo domain = TRY(arguments.domain(manager));
    const xen::DiskSpec disk = TRY(domain::parse_disk_words(TRY(arguments.texts("disk"))));
    const auto body = [domain, disk](xen::Context& xen, const WorkerSide& side) -> Result<std::string> {
        xen::Store store = TRY(xen::Store::open());
        const domain::Gate gate(side, "block-attach");
        const auto progress = [&](std::string_view words) { side.progress(words); };
        const auto intent = [&](const std::string& detail) { return side.intent(detail); };
        return json_line(describe(TRY(domain::attach_disk(xen, store, domain, disk, gate, progress, intent))));
    };
    TRY(manager.run_on("block-attach", domain, disk_deadline, body, reply_to(call)));
    return {};
}

Status describe_block(Manager& manager, const CallPointer& call) {
    const xen::DiskSpec disk = TRY(domain::parse_disk_words(TRY(Arguments(*call).texts("disk"))));
    const auto body = [disk](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        return json_line({{"text", TRY(xen::describe_disk(xen, disk))}});
    };
    return run_while_connected(manager, call, manager.run("block-attach -n", query_deadline, body, reply_to(call)));
}

Status list_blocks(Manager& manager, const CallPointer& call) {
    std::vector<xen::DomainInfo> domains;
    for (const std::string& name : TRY(Arguments(*call).texts("domains"))) domains.push_back(TRY(manager.find(name)));
    const auto body = [domains](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        json lists = json::array();
        for (const xen::DomainInfo& domain : domains) {
            json disks = json::array();
            for (const xen::DiskInfo& disk : TRY(xen::list_disks(xen, domain.id))) disks.push_back(describe(disk));
            lists.push_back({{"id", domain.id}, {"name", domain.name}, {"disks", disks}});
        }
        return json_line({{"domains", lists}});
    };
    return run_while_connected(manager, call, manager.run("block-list", query_deadline, body, reply_to(call)));
}

Status detach_block(Manager& manager, const CallPointer& call) {
    const Arguments arguments(*call);
    const xen::DomainInfo domain = TRY(arguments.domain(manager));
    const std::string vdev = TRY(arguments.needed_text("vdev"));
    const bool force = TRY(arguments.flag("force"));
    const auto body = [domain, vdev, force](xen::Context& xen, const WorkerSide& side) -> Result<std::string> {
        TRY(domain::detach_disk(xen, domain, vdev, force,
                                [&](const std::string& detail) { return side.intent(detail); }));
        return std::string("{}");
    };
    const auto gone = [&manager, uuid = domain.uuid, vdev] {
        manager.security().detached(uuid, domain::disk_device(vdev));
    };
    TRY(manager.run_on("block-detach", domain, disk_deadline, body, reply_to(call), gone));
    return {};
}

// An empty "target" ejects.
Status change_cd(Manager& manager, const CallPointer& call) {
    const Arguments arguments(*call);
    const xen::DomainInfo domain = TRY(arguments.domain(manager));
    if (domain.type != "hvm") {
        return fail("'" + domain.name + "' is a " + domain.type +
                        " domain: only HVM domains have CD drives; use block-attach",
                    EINVAL);
    }
    const std::string target = TRY(arguments.text("target"));
    xen::DiskSpec disk = TRY(domain::parse_disk_words(
        {"vdev=" + TRY(arguments.needed_text("vdev")) + ",access=r,devtype=cdrom,target=" + target}));
    const char* const verb = target.empty() ? "cd-eject" : "cd-insert";
    const auto body = [domain, disk, target, verb](xen::Context& xen, const WorkerSide& side) -> Result<std::string> {
        xen::Store store = TRY(xen::Store::open());
        const LockFile lock = TRY(domain::lock_disks());
        TRY(domain::check_disks(xen, store, {disk}));
        TRY(domain::Gate(side, verb).disk(xen, domain, disk));
        TRY(xen::insert_cd(xen, domain.id, disk));
        return json_line({{"vdev", disk.vdev}, {"target", target}});
    };
    TRY(manager.run(verb, disk_deadline, body, reply_to(call)));
    return {};
}

// For `disk`: whether a program here may write to a disk now.
Status check_block(Manager& manager, const CallPointer& call) {
    xen::DiskSpec disk;
    disk.vdev = "0";
    disk.target = TRY(Arguments(*call).needed_text("target"));
    const auto body = [disk](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        xen::Store store = TRY(xen::Store::open());
        TRY(domain::check_disks(xen, store, {disk}));
        return std::string("{}");
    };
    return run_while_connected(manager, call, manager.run("block-check", query_deadline, body, reply_to(call)));
}

} // namespace

const std::vector<Verb>& block_verbs() {
    static const std::vector<Verb> verbs = {
        {"block-attach", false, attach_block}, {"block-attach-dry-run", false, describe_block},
        {"block-list", true, list_blocks},     {"block-detach", false, detach_block},
        {"cd-change", false, change_cd},       {"block-check", false, check_block}};
    return verbs;
}

} // namespace bulkhead::daemon
