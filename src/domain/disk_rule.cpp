#include "domain/disk_rule.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "domain/labelled.hpp"
#include "domain/names.hpp"
#include "storage/facts.hpp"
#include "storage/image_format.hpp"
#include "xen/disk.hpp"
#include "xen/disk_text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <linux/major.h>
#include <unistd.h>

namespace bulkhead::domain {
namespace {

constexpr const char* own_script = "/usr/lib/bulkhead/block-hotplug";

// "8:1a" of a backend's node physical-device, hexadecimal (xen-blkback's xenbus.c).
std::optional<std::pair<unsigned, unsigned>> parse_physical(std::string_view text) {
    unsigned numbers[2] = {0, 0};
    std::size_t which = 0, digits = 0;
    for (const char c : text) {
        if (c == ':' && which == 0 && digits > 0) {
            which = 1;
            digits = 0;
            continue;
        }
        const int digit = hex_digit(c);
        if (digit < 0 || ++digits > 5) return std::nullopt;
        numbers[which] = numbers[which] << 4 | static_cast<unsigned>(digit);
    }
    if (which != 1 || digits == 0) return std::nullopt;
    return std::pair{numbers[0], numbers[1]};
}

storage::Node foreign(unsigned backend, const std::string& target) {
    return storage::named_node(std::to_string(backend) + " " + target);
}

// A disk may be known by its name and by the device that its backend opened; the name may be another file's by now.
std::vector<storage::Node> nodes_of(storage::Facts& facts, xen::Store& store, const xen::DiskInfo& disk) {
    if (disk.backend_domain != 0) return {foreign(disk.backend_domain, disk.target)};
    std::vector<storage::Node> nodes;
    const auto physical = store.read_if(disk.backend + "/physical-device");
    if (const auto number = physical && *physical ? parse_physical(**physical) : std::nullopt) {
        if (auto node = facts.find_device(number->first, number->second)) nodes.push_back(std::move(*node));
    }
    if (nodes.empty() && !disk.target.empty()) {
        auto node = facts.find(disk.target);
        nodes.push_back(node ? std::move(*node) : foreign(0, disk.target));
    }
    return nodes;
}

Result<storage::Node> node_of(storage::Facts& facts, const std::vector<xen::DomainInfo>& domains,
                              const xen::DiskSpec& disk) {
    const std::string target = disk.target.value_or("");
    if (disk.backend) {
        const xen::DomainInfo backend = TRY(context(find_domain(domains, *disk.backend), "backend of " + disk.vdev));
        if (backend.id != 0) return foreign(backend.id, target);
    }
    // What a script of the administrator or QEMU understands need not be a file here.
    const bool ours = !disk.script && (target.starts_with('/') || disk.backendtype == xen::DiskBackend::phy);
    if (!ours) {
        if (auto node = facts.find(target)) return node;
        return foreign(0, target);
    }
    return context(facts.find(target), "disk " + disk.vdev);
}

Result<std::vector<storage::Use>> all_uses(xen::Context& xen, xen::Store& store, storage::Facts& facts,
                                           const std::vector<xen::DomainInfo>& domains) {
    std::vector<storage::Use> uses = TRY(facts.dom0_uses());
    for (const xen::DomainInfo& domain : domains) {
        if (domain.shutdown && domain.shutdown_reason != xen::shutdown_suspend) continue; // it writes no more
        for (const xen::DiskInfo& disk : TRY(xen::list_disks(xen, domain.id))) {
            const std::string what = "disk " + printable(disk.vdev, 40) + " (" +
                                     (disk.writable ? "read-write" : "read-only") + ") of domain '" + domain.name + "'";
            for (storage::Node& node : nodes_of(facts, store, disk))
                uses.push_back({std::move(node), disk.writable, what});
        }
    }
    return uses;
}

bool of_dom0(const xen::DiskSpec& disk) {
    return !disk.backend || *disk.backend == "0" || *disk.backend == "Domain-0";
}

std::string_view name_of(xen::DiskFormat format) {
    switch (format) {
    case xen::DiskFormat::qcow:
        return "qcow";
    case xen::DiskFormat::qcow2:
        return "qcow2";
    case xen::DiskFormat::vhd:
        return "vhd";
    case xen::DiskFormat::qed:
        return "qed";
    case xen::DiskFormat::raw:
    case xen::DiskFormat::empty:
        break;
    }
    return "raw"; // which may hold anything
}

// QEMU would say so only in its log, and libxl that it waited a minute for the backend.
Status check_format(const xen::DiskSpec& disk) {
    const std::string_view wanted = name_of(disk.format);
    if (wanted == "raw" || disk.script || !disk.target->starts_with('/')) return {};
    const std::string_view found = TRY(context(storage::look_at_image(*disk.target), "disk " + disk.vdev));
    if (found == wanted) return {};
    return fail("disk " + disk.vdev + ": " + printable(*disk.target, 400) + " is no " + std::string(wanted) +
                    " image; by its content it is " + std::string(found),
                EINVAL);
}

} // namespace

Result<LockFile> lock_disks() {
    return LockFile::take("/run/lock/bulkhead-disks", "other disks are being attached");
}

Status check_disks(xen::Context& xen, xen::Store& store, const std::vector<xen::DiskSpec>& wanted) {
    if (wanted.empty()) return {};
    storage::Facts facts;
    const std::vector<xen::DomainInfo> domains = TRY(xen::list_domains(xen));
    std::vector<storage::Use> uses = TRY(all_uses(xen, store, facts, domains));
    for (const xen::DiskSpec& disk : wanted) {
        if (!disk.target || disk.target->empty()) continue; // a drive without a medium
        storage::Node node = TRY(node_of(facts, domains, disk));
        if (of_dom0(disk)) TRY(check_format(disk));
        const storage::Wanted question{*disk.target, node, disk.readwrite, disk.shared};
        if (const auto why_not = storage::refusal(facts.layers(), question, uses)) return fail(*why_not, EBUSY);
        uses.push_back({std::move(node), disk.readwrite, "disk " + disk.vdev + " of the same domain"});
    }
    return {};
}

Status check_held(xen::Context& xen, xen::Store& store, unsigned domain,
                  const std::map<std::string, std::string>& nodes) {
    storage::Facts facts;
    for (const auto& [vdev, wanted] : nodes) {
        const auto disk = TRY(xen::find_disk(xen, domain, vdev));
        if (!disk || disk->backend_domain != 0) continue; // a virtio disk, which is QEMU's
        const auto physical = TRY(store.read_if(disk->backend + "/physical-device"));
        if (!physical) continue; // QEMU's
        const auto number = parse_physical(*physical);
        if (!number)
            return fail(disk->backend + "/physical-device: " + printable(*physical, 40) + " is no device", EINVAL);
        const storage::Node device = TRY(facts.find_device(number->first, number->second));
        std::vector<storage::Node> held;
        if (number->first == LOOP_MAJOR) held = facts.layers().below(device);
        held.push_back(device); // phy:/dev/loop3
        const auto same = [&text = wanted](const storage::Node& node) { return node_text(node) == text; };
        if (std::none_of(held.begin(), held.end(), same))
            return fail("disk " + vdev + ": " + printable(disk->target, 400) +
                            " has become another file or device since it was asked whether the domain may have it",
                        ESTALE);
    }
    return {};
}

void use_own_script(xen::DiskSpec& disk) {
    const bool phy = disk.backendtype == xen::DiskBackend::phy || disk.backendtype == xen::DiskBackend::automatic;
    const bool xen_disk = disk.specification != xen::DiskProtocol::virtio && !disk.colo.enable.value_or(false);
    if (disk.script || !phy || !of_dom0(disk) || !xen_disk || disk.cdrom || disk.format != xen::DiskFormat::raw) return;
    if (!disk.target || !disk.target->starts_with('/') || ::access(own_script, X_OK) != 0) return;
    disk.script = own_script;
}

void forget_own_script(xen::DiskSpec& disk) {
    if (disk.script == own_script) disk.script.reset();
}

void use_own_script(xen::DomainSpec& spec) {
    const bool booted = std::any_of(spec.options.begin(), spec.options.end(),
                                    [](const xen::OptionSpec& option) { return option.key == "bootloader"; });
    if (booted) return;
    for (xen::DiskSpec& disk : spec.disks) use_own_script(disk);
}

Result<xen::DiskSpec> parse_disk_words(std::vector<std::string> words) {
    constexpr std::string_view modes[] = {"r", "ro", "r!", "w", "rw", "w!"};
    std::string backend;
    const auto plain = [](const std::string& word) { return word.find_first_of(",=") == std::string::npos; };
    // With four words xl has "target format vdev mode"; then the third is no mode.
    if (words.size() == 4 && std::all_of(words.begin(), words.end(), plain) &&
        std::find(std::begin(modes), std::end(modes), words[2]) != std::end(modes)) {
        backend = words.back();
        words.pop_back();
    }
    xen::DiskSpec disk = TRY(context(xen::parse_disk(words), "'" + printable(join(words, " "), 200) + "'"));
    if (!backend.empty()) disk.backend = backend;
    // tap:aio: and its sisters are the old tools' names of what blkback and QEMU do now.
    if (disk.backendtype == xen::DiskBackend::tap) disk.backendtype = xen::DiskBackend::automatic;
    return disk;
}

} // namespace bulkhead::domain
