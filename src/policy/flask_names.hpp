// What a policy's labels and types are called in Xen's FLASK. Pure.
//
// Identifiers there are letters, digits and '_', so every other character, and '_' itself, becomes '_' and two hex
// digits: "A-Bank.SU" is A_2dBank_2eSU. Each kind has a prefix of its own, and what follows an escaped name begins with
// "_t": no two of them can meet, nor one of them and a name of Xen's own policy.
#pragma once

#include "policy/policy.hpp"

#include <string>
#include <string_view>

namespace bulkhead::policy {

std::string flask_escape(std::string_view name);

// acm_vm_L_t; the label __UNLABELED__ is domU_t, which Xen's toolstack gives to domains without a label.
std::string flask_type(std::string_view vm_label);
// The type of a stub domain that is the device model of a domain of the label: acm_dm_L_t, or dm_dom_t.
std::string flask_model_type(std::string_view vm_label);
std::string flask_resource_type(std::string_view resource_label); // acm_res_R_t
std::string flask_attribute(std::string_view ste_type);           // of domains: acm_ste_T
std::string flask_channel_attribute(std::string_view ste_type);   // of event channels: acm_ch_T
std::string flask_boolean(std::string_view wall_type);            // true: the wall keeps the type out; acm_cw_block_T

// Security contexts, as in xl.cfg(5)'s seclabel, for device_model_stubdomain_seclabel, and for flask-label-pci(8).
std::string flask_context(std::string_view vm_label);
std::string flask_model_context(std::string_view vm_label);
std::string flask_resource_context(std::string_view resource_label);

} // namespace bulkhead::policy
