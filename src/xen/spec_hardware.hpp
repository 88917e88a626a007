// Keys of xl.cfg(5) whose values are lists or formulas about a guest's hardware. Private to src/xen.
#pragma once

#include "base/result.hpp"
#include "xen/libxl.hpp"
#include "xen/spec_options.hpp"

#include <optional>
#include <string>

namespace bulkhead::xen {

Status add_ioports(libxl_domain_config& config, const ConfigValue& item, OptionNotes& notes); // "2f8-2ff", hexadecimal
Status add_irq(libxl_domain_config& config, const ConfigValue& item, OptionNotes& notes);     // decimal
Status add_iomem(libxl_domain_config& config, const ConfigValue& item, OptionNotes& notes);   // "START,NUM@GFN", hex
Status add_mca_cap(libxl_domain_config& config, const ConfigValue& item, OptionNotes& notes);
Status set_viridian(libxl_domain_config& config, const ConfigValue& value, OptionNotes& notes); // 0, 1 or a list
Status set_mmio_hole(libxl_domain_config& config, const ConfigValue& value, OptionNotes& notes);
Status set_gfx_passthru(libxl_domain_config& config, const ConfigValue& value, OptionNotes& notes);
Status check_vm_genid(libxl_domain_config& config, const ConfigValue& value, OptionNotes& notes);

// "strategy=host". xl hands the policy to every PCI device of any type of domain. nullopt: well formed, but libxlutil
// refuses it and xl goes on without it. That is so for any policy= in Xen 4.17 (xlu_rdm_parse() takes success for
// failure).
Result<std::optional<libxl_rdm_reserve>> parse_rdm(const std::string& text);
Status set_rdm(libxl_domain_config& config, const ConfigValue& value, OptionNotes& notes);

} // namespace bulkhead::xen
