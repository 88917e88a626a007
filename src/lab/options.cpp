#include "lab/options.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "lab/dom0_parts.hpp"
#include "lab/xenstored.hpp"

#include <algorithm>

namespace bulkhead::lab {

const std::vector<std::string>& nic_models() {
    static const std::vector<std::string> models = {"e1000e", "e1000", "rtl8139", "virtio"};
    return models;
}

Status check_name(std::string_view name) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == '-';
    };
    if (name.empty() || name.size() > 32 || name[0] == '.' || name[0] == '-' ||
        !std::all_of(name.begin(), name.end(), allowed)) {
        return fail("'" + printable(name, 64) + "' cannot be a name: 1 to 32 letters, digits, '.', '_' and '-', " +
                    "beginning with a letter, a digit or '_'");
    }
    return {};
}

Status check_options(const LabOptions& options) {
    TRY(context(check_name(options.name), "--name"));
    const auto& models = nic_models();
    if (std::find(models.begin(), models.end(), options.nic) == models.end()) {
        return fail("--nic " + printable(options.nic, 64) + ": no such NIC model; choose from " + join(models, ", "));
    }
    if (!is_xenstored(options.xenstored))
        return fail("--xenstored " + printable(options.xenstored, 64) + ": choose " + std::string(xenstored_kinds));
    for (auto part = options.parts.begin(); part != options.parts.end(); ++part) {
        const auto& known = dom0_part_names();
        if (std::find(known.begin(), known.end(), *part) == known.end())
            return fail("--with " + printable(*part, 64) + ": choose from " + join(known, ", "));
        if (std::find(options.parts.begin(), part, *part) != part) return fail("--with " + *part + " is given twice");
    }
    if (options.dom0_memory < 512) return fail("--dom0-memory: dom0 needs at least 512 MiB");
    if (options.memory < options.dom0_memory + 512) {
        return fail("--memory " + std::to_string(options.memory) + ": at least " +
                    std::to_string(options.dom0_memory + 512) + " MiB are needed for Xen, dom0 (" +
                    std::to_string(options.dom0_memory) + ") and guests");
    }
    if (options.memory > 1024 * 1024) return fail("--memory: at most 1048576 MiB");
    if (options.processors < 1 || options.processors > 16) return fail("--processors: 1 to 16");
    for (const auto& [name, folder] : options.images) TRY(context(check_name(name), "--image"));
    if (!options.xsm_policy.empty()) {
        if (options.hypervisor.empty())
            return fail("--xsm-policy: Debian's Xen has no XSM; give one that has by --hypervisor (packaging/xen-xsm "
                        "builds it)");
        // FLASK_MAGIC of xen/xsm/flask/include/security.h, little-endian, which Xen looks for among its modules.
        const std::string policy = TRY(context(read_file(options.xsm_policy, 64 << 20), "--xsm-policy"));
        if (policy.rfind("\x8c\xff\x7c\xf9", 0) != 0)
            return fail("--xsm-policy " + options.xsm_policy + ": not a binary FLASK policy");
    }
    // They become part of QEMU's -initrd and -append; a line break or NUL has no meaning in either.
    for (const std::string* text : {&options.xen_arguments, &options.dom0_arguments}) {
        if (std::any_of(text->begin(), text->end(), [](unsigned char c) { return c < 0x20; })) {
            return fail("--xen-arguments, --dom0-arguments: control characters are not allowed");
        }
    }
    return {};
}

} // namespace bulkhead::lab
