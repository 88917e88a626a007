// The lists of devices of xl.cfg(5) but disks, vifs and PCI: one item's text into libxl's array. Private to src/xen.
// Each fails with what is wrong, without the item's place, and leaves `config` to be thrown away.
#pragma once

#include "base/result.hpp"
#include "xen/libxl.hpp"
#include "xen/spec_options.hpp"

namespace bulkhead::xen {

Status add_vfb(libxl_domain_config& config, const ConfigValue& item, OptionNotes& notes); // and its vkb, as xl
Status add_vkb(libxl_domain_config& config, const ConfigValue& item, OptionNotes& notes);
Status add_vtpm(libxl_domain_config& config, const ConfigValue& item, OptionNotes& notes);
Status add_p9(libxl_domain_config& config, const ConfigValue& item, OptionNotes& notes);
Status add_pvcalls(libxl_domain_config& config, const ConfigValue& item, OptionNotes& notes);
Status add_usbctrl(libxl_domain_config& config, const ConfigValue& item, OptionNotes& notes);
Status add_usbdev(libxl_domain_config& config, const ConfigValue& item, OptionNotes& notes);
Status add_channel(libxl_domain_config& config, const ConfigValue& item, OptionNotes& notes);
Status add_dtdev(libxl_domain_config& config, const ConfigValue& item, OptionNotes& notes);
Status add_vdispl(libxl_domain_config& config, const ConfigValue& item, OptionNotes& notes);
Status add_vsnd(libxl_domain_config& config, const ConfigValue& card, OptionNotes& notes); // a list of texts

} // namespace bulkhead::xen
