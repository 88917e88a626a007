#include "policy/flask_names.hpp"

#include "base/text.hpp"
#include "policy/names.hpp"

namespace bulkhead::policy {

std::string flask_escape(std::string_view name) {
    std::string escaped;
    for (const char c : name) {
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
            escaped += c;
        } else {
            escaped += '_';
            append_hex(escaped, static_cast<std::uint8_t>(c));
        }
    }
    return escaped;
}

std::string flask_type(std::string_view vm_label) {
    return vm_label == unlabeled ? "domU_t" : "acm_vm_" + flask_escape(vm_label) + "_t";
}

std::string flask_model_type(std::string_view vm_label) {
    return vm_label == unlabeled ? "dm_dom_t" : "acm_dm_" + flask_escape(vm_label) + "_t";
}

std::string flask_resource_type(std::string_view resource_label) {
    return "acm_res_" + flask_escape(resource_label) + "_t";
}

std::string flask_attribute(std::string_view ste_type) {
    return "acm_ste_" + flask_escape(ste_type);
}

std::string flask_channel_attribute(std::string_view ste_type) {
    return "acm_ch_" + flask_escape(ste_type);
}

std::string flask_boolean(std::string_view wall_type) {
    return "acm_cw_block_" + flask_escape(wall_type);
}

std::string flask_context(std::string_view vm_label) {
    return "system_u:system_r:" + flask_type(vm_label);
}

std::string flask_model_context(std::string_view vm_label) {
    return "system_u:system_r:" + flask_model_type(vm_label);
}

std::string flask_resource_context(std::string_view resource_label) {
    return "system_u:object_r:" + flask_resource_type(resource_label);
}

} // namespace bulkhead::policy
