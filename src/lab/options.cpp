#include "lab/options.hpp"

#include "base/text.hpp"
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
    if (options.dom0_memory < 512) return fail("--dom0-memory: dom0 needs at least 512 MiB");
    if (options.memory < options.dom0_memory + 512) {
        return fail("--memory " + std::to_string(options.memory) + ": at least " +
                    std::to_string(options.dom0_memory + 512) + " MiB are needed for Xen, dom0 (" +
                    std::to_string(options.dom0_memory) + ") and guests");
    }
    if (options.memory > 1024 * 1024) return fail("--memory: at most 1048576 MiB");
    if (options.processors < 1 || options.processors > 16) return fail("--processors: 1 to 16");
    for (const auto& [name, folder] : options.images) TRY(context(check_name(name), "--image"));
    // They become part of QEMU's -initrd and -append; a line break or NUL has no meaning in either.
    for (const std::string* text : {&options.xen_arguments, &options.dom0_arguments}) {
        if (std::any_of(text->begin(), text->end(), [](unsigned char c) { return c < 0x20; })) {
            return fail("--xen-arguments, --dom0-arguments: control characters are not allowed");
        }
    }
    return {};
}

} // namespace bulkhead::lab
