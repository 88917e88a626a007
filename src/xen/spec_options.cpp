#include "xen/spec_options.hpp"

#include "base/text.hpp"
#include "xen/libxl.hpp"
#include "xen/option_value.hpp"
#include "xen/report.hpp"
#include "xen/spec_cpus.hpp"
#include "xen/spec_devices.hpp"
#include "xen/spec_hardware.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <variant>

namespace bulkhead::xen {
namespace {

using Target = libxl_domain_config;
using Flag = libxl_defbool* (*)(Target&);
using Text = char** (*)(Target&);
using Texts = libxl_string_list* (*)(Target&);
using Number = void (*)(Target&, long);
struct Choice {
    bool (*set)(Target&, const char*); // false: not one of them
    const char* allowed;
};
// A number or one of the words; xl calls the number deprecated.
struct NumberOrChoice {
    bool (*set_number)(Target&, long);
    Choice choice;
};

// One string, or a list of them.
struct TextOrTexts {
    Text text;
    Texts texts;
};
using Custom = Status (*)(Target&, const ConfigValue&, OptionNotes&);
// A list; the function takes one item after the other.
struct Items {
    Custom add;
    bool of_lists = false;
};

// `late`: after everything else, because it looks at what another key has set.
constexpr unsigned pv = 1, pvh = 2, hvm = 4, all = 7, late = 8;

struct Row {
    const char* key;
    unsigned types;
    std::variant<Flag, Text, Texts, Number, Choice, NumberOrChoice, TextOrTexts, Custom, Items> what;
};

#define AT(field) [](Target& t) { return &t.field; }
#define SET(field) [](Target& t, long value) { t.field = static_cast<decltype(t.field)>(value); }
#define SET_KIB(field) [](Target& t, long mib) { t.field = static_cast<decltype(t.field)>(mib) * 1024; }
#define WORD(field, parse) [](Target& t, const char* word) { return parse(word, &t.field) == 0; }

template <auto least, auto most, auto set>
bool bounded(Target& t, long value) {
    if (value < static_cast<long>(least) || value > static_cast<long>(most)) return false;
    set(t, value);
    return true;
}

bool set_vga(Target& t, const char* word) {
    static constexpr std::pair<const char*, libxl_vga_interface_type> kinds[] = {
        {"stdvga", LIBXL_VGA_INTERFACE_TYPE_STD},
        {"cirrus", LIBXL_VGA_INTERFACE_TYPE_CIRRUS},
        {"none", LIBXL_VGA_INTERFACE_TYPE_NONE},
        {"qxl", LIBXL_VGA_INTERFACE_TYPE_QXL},
    };
    for (const auto& [name, kind] : kinds) {
        if (std::strcmp(word, name) == 0) {
            t.b_info.u.hvm.vga.kind = kind;
            return true;
        }
    }
    return false;
}

bool set_model_version(Target& t, const char* word) {
    const std::string name(word);
    if (name != "qemu-xen" && name != "qemu-xen-traditional") return false;
    t.b_info.device_model_version =
        name == "qemu-xen" ? LIBXL_DEVICE_MODEL_VERSION_QEMU_XEN : LIBXL_DEVICE_MODEL_VERSION_QEMU_XEN_TRADITIONAL;
    return true;
}

// xl.cfg(5): "firmware" is a BIOS type, "uefi", "bios" or the path of an image.
bool set_firmware(Target& t, const char* word) {
    auto& guest = t.b_info.u.hvm;
    if (libxl_bios_type_from_string(word, &guest.bios) == 0 || std::strcmp(word, "bios") == 0) return true;
    if (std::strcmp(word, "uefi") == 0) {
        guest.bios = LIBXL_BIOS_TYPE_OVMF;
        return true;
    }
    std::free(guest.firmware);
    guest.firmware = ::strdup(word);
    return true;
}

// xl calls one string deprecated.
Status set_bootloader_args(Target& t, const ConfigValue& value, OptionNotes&) {
    std::vector<std::string> arguments;
    for (const ConfigValue& item : value.items) arguments.push_back(item.text);
    if (!value.is_list) {
        for (const std::string_view word : words(value.text)) arguments.emplace_back(word);
    }
    libxl_string_list_dispose(&t.b_info.bootloader_args);
    t.b_info.bootloader_args = string_list(arguments);
    return {};
}

// The label of the domain; beside init_seclabel, the one that it takes when it runs.
Status set_seclabel(Target& t, const ConfigValue& value, OptionNotes&) {
    if (value.is_list) return fail("must be one string, not a list");
    replace(t.c_info.ssid_label != nullptr ? &t.b_info.exec_ssid_label : &t.c_info.ssid_label, value.text);
    return {};
}

// Older than vga=, which wins.
Status set_stdvga(Target& t, const ConfigValue& value, OptionNotes&) {
    const auto number = number_of(value);
    if (!number) return fail("must be 0 or 1");
    auto& kind = t.b_info.u.hvm.vga.kind;
    if (kind != LIBXL_VGA_INTERFACE_TYPE_UNKNOWN) return {};
    kind = *number != 0 ? LIBXL_VGA_INTERFACE_TYPE_STD : LIBXL_VGA_INTERFACE_TYPE_CIRRUS;
    return {};
}

Status set_rtc_timeoffset(Target& t, const ConfigValue& value, OptionNotes&) {
    const auto number = number_of(value);
    if (!number || *number < INT32_MIN || *number > INT32_MAX) return fail("must be a number of seconds");
    t.b_info.rtc_timeoffset = static_cast<std::uint32_t>(*number); // the hypercall's field is signed
    return {};
}

const Row rows[] = {
    {"acpi", all, Flag(AT(b_info.acpi))},
    {"acpi_firmware", hvm, Text(AT(b_info.u.hvm.acpi_firmware))},
    {"acpi_laptop_slate", hvm, Flag(AT(b_info.u.hvm.acpi_laptop_slate))},
    {"acpi_s3", hvm, Flag(AT(b_info.u.hvm.acpi_s3))},
    {"acpi_s4", hvm, Flag(AT(b_info.u.hvm.acpi_s4))},
    {"altp2m", all,
     NumberOrChoice{bounded<LIBXL_ALTP2M_MODE_DISABLED, LIBXL_ALTP2M_MODE_LIMITED, Number(SET(b_info.altp2m))>,
                    {WORD(b_info.altp2m, libxl_altp2m_mode_from_string), "disabled, mixed, external, limited"}}},
    {"altp2mhvm", hvm, Flag(AT(b_info.u.hvm.altp2m))},
    {"apic", hvm, Flag(AT(b_info.apic))},
    {"bios", hvm, Choice{WORD(b_info.u.hvm.bios, libxl_bios_type_from_string), "rombios, seabios, ovmf"}},
    {"bios_path_override", hvm, Text(AT(b_info.u.hvm.system_firmware))},
    {"boot", hvm, Text(AT(b_info.u.hvm.boot))},
    {"bootloader", all, Text(AT(b_info.bootloader))},
    {"bootloader_args", all, Custom(set_bootloader_args)},
    {"cap", all, Number(SET(b_info.sched_params.cap))},
    {"channel", all, Items{add_channel}},
    {"cpu_weight", all, Number(SET(b_info.sched_params.weight))},
    {"cpuid", all, Custom(set_cpuid)},
    {"cpus", all, Custom(check_cpus)},
    {"cpus_soft", all, Custom(check_cpus)},
    {"device_model_args", all, Texts(AT(b_info.extra))},
    {"device_model_args_hvm", all, Texts(AT(b_info.extra_hvm))},
    {"device_model_args_pv", all, Texts(AT(b_info.extra_pv))},
    {"device_model_override", all, Text(AT(b_info.device_model))},
    {"device_model_stubdomain_override", all, Flag(AT(b_info.device_model_stubdomain))},
    {"device_model_stubdomain_seclabel", all, Text(AT(b_info.device_model_ssid_label))},
    {"device_model_user", all, Text(AT(b_info.device_model_user))},
    {"device_model_version", all, Choice{set_model_version, "qemu-xen, qemu-xen-traditional"}},
    {"device_tree", all, Text(AT(b_info.device_tree))},
    {"display", hvm, Text(AT(b_info.u.hvm.sdl.display))},
    {"dm_restrict", all, Flag(AT(b_info.dm_restrict))},
    {"dtdev", all, Items{add_dtdev}},
    {"e820_host", pv, Flag(AT(b_info.u.pv.e820_host))},
    {"extratime", all, Number(SET(b_info.sched_params.extratime))},
    {"firmware", hvm | late, Choice{set_firmware, "bios, uefi, rombios, seabios, ovmf or a path"}},
    {"firmware_override", hvm, Text(AT(b_info.u.hvm.firmware))},
    {"gfx_passthru", hvm, Custom(set_gfx_passthru)},
    {"gic_version", all, Choice{WORD(b_info.arch_arm.gic_version, libxl_gic_version_from_string), "default, v2, v3"}},
    {"hap", all, Flag(AT(c_info.hap))},
    {"hdtype", hvm, Choice{WORD(b_info.u.hvm.hdtype, libxl_hdtype_from_string), "ide, ahci"}},
    {"hpet", hvm, Flag(AT(b_info.u.hvm.hpet))},
    {"init_seclabel", all, Text(AT(c_info.ssid_label))},
    {"iomem", all, Items{add_iomem}},
    {"ioports", all, Items{add_ioports}},
    {"irqs", all, Items{add_irq}},
    {"keymap", hvm, Text(AT(b_info.u.hvm.keymap))},
    {"latency", all, Number(SET(b_info.sched_params.latency))},
    {"localtime", all, Flag(AT(b_info.localtime))},
    {"max_event_channels", all, Number(SET(b_info.event_channels))},
    {"max_grant_frames", all, Number(SET(b_info.max_grant_frames))},
    {"max_grant_version", all, Number(SET(b_info.max_grant_version))},
    {"max_maptrack_frames", all, Number(SET(b_info.max_maptrack_frames))},
    {"mca_caps", hvm, Items{add_mca_cap}},
    {"mmio_hole", hvm, Custom(set_mmio_hole)},
    {"ms_vm_genid", hvm, Custom(check_vm_genid)},
    {"msr_relaxed", all, Flag(AT(b_info.arch_x86.msr_relaxed))},
    {"nestedhvm", all, Flag(AT(b_info.nested_hvm))},
    {"nographic", hvm, Flag(AT(b_info.u.hvm.nographic))},
    {"nomigrate", all, Flag(AT(b_info.disable_migrate))},
    {"nx", hvm, Flag(AT(b_info.u.hvm.nx))},
    {"oos", all, Flag(AT(c_info.oos))},
    {"opengl", hvm, Flag(AT(b_info.u.hvm.sdl.opengl))},
    {"p9", all, Items{add_p9}},
    {"pae", hvm, Flag(AT(b_info.u.hvm.pae))},
    {"passthrough", all,
     Choice{WORD(c_info.passthrough, libxl_passthrough_from_string), "disabled, enabled, sync_pt, share_pt, default"}},
    {"period", all, Number(SET(b_info.sched_params.period))},
    {"pool", all, Text(AT(c_info.pool_name))},
    {"pvcalls", all, Items{add_pvcalls}},
    {"pvshim", pvh, Flag(AT(b_info.u.pvh.pvshim))},
    {"pvshim_cmdline", pvh, Text(AT(b_info.u.pvh.pvshim_cmdline))},
    {"pvshim_extra", pvh, Text(AT(b_info.u.pvh.pvshim_extra))},
    {"pvshim_path", pvh, Text(AT(b_info.u.pvh.pvshim_path))},
    {"rdm", hvm, Custom(set_rdm)},
    {"rdm_mem_boundary", hvm, Number(SET_KIB(b_info.u.hvm.rdm_mem_boundary_memkb))},
    {"rtc_timeoffset", all, Custom(set_rtc_timeoffset)},
    {"sdl", hvm, Flag(AT(b_info.u.hvm.sdl.enable))},
    {"seclabel", all | late, Custom(set_seclabel)},
    {"serial", hvm, TextOrTexts{AT(b_info.u.hvm.serial), AT(b_info.u.hvm.serial_list)}},
    {"shadow_memory", all, Number(SET_KIB(b_info.shadow_memkb))},
    {"slice", all, Number(SET(b_info.sched_params.slice))},
    {"smbios_firmware", hvm, Text(AT(b_info.u.hvm.smbios_firmware))},
    {"soundhw", hvm, Text(AT(b_info.u.hvm.soundhw))},
    {"spice", hvm, Flag(AT(b_info.u.hvm.spice.enable))},
    {"spice_clipboard_sharing", hvm, Flag(AT(b_info.u.hvm.spice.clipboard_sharing))},
    {"spice_image_compression", hvm, Text(AT(b_info.u.hvm.spice.image_compression))},
    {"spice_streaming_video", hvm, Text(AT(b_info.u.hvm.spice.streaming_video))},
    {"spiceagent_mouse", hvm, Flag(AT(b_info.u.hvm.spice.agent_mouse))},
    {"spicedisable_ticketing", hvm, Flag(AT(b_info.u.hvm.spice.disable_ticketing))},
    {"spicehost", hvm, Text(AT(b_info.u.hvm.spice.host))},
    {"spicepasswd", hvm, Text(AT(b_info.u.hvm.spice.passwd))},
    {"spiceport", hvm, Number(SET(b_info.u.hvm.spice.port))},
    {"spicetls_port", hvm, Number(SET(b_info.u.hvm.spice.tls_port))},
    {"spiceusbredirection", hvm, Number(SET(b_info.u.hvm.spice.usbredirection))},
    {"spicevdagent", hvm, Flag(AT(b_info.u.hvm.spice.vdagent))},
    {"stdvga", hvm | late, Custom(set_stdvga)},
    {"stubdomain_cmdline", all, Text(AT(b_info.stubdomain_cmdline))},
    {"stubdomain_kernel", all, Text(AT(b_info.stubdomain_kernel))},
    {"stubdomain_memory", all, Number(SET_KIB(b_info.stubdomain_memkb))},
    {"stubdomain_ramdisk", all, Text(AT(b_info.stubdomain_ramdisk))},
    {"tee", all, Choice{WORD(b_info.tee, libxl_tee_type_from_string), "none, optee"}},
    {"timer_mode", pvh | hvm,
     NumberOrChoice{bounded<LIBXL_TIMER_MODE_DELAY_FOR_MISSED_TICKS, LIBXL_TIMER_MODE_ONE_MISSED_TICK_PENDING,
                            Number(SET(b_info.timer_mode))>,
                    {WORD(b_info.timer_mode, libxl_timer_mode_from_string),
                     "delay_for_missed_ticks, no_delay_for_missed_ticks, no_missed_ticks_pending, "
                     "one_missed_tick_pending"}}},
    {"tsc_mode", all,
     NumberOrChoice{
         bounded<LIBXL_TSC_MODE_DEFAULT, LIBXL_TSC_MODE_NATIVE_PARAVIRT, Number(SET(b_info.tsc_mode))>,
         {WORD(b_info.tsc_mode, libxl_tsc_mode_from_string), "default, always_emulate, native, native_paravirt"}}},
    {"usb", hvm, Flag(AT(b_info.u.hvm.usb))},
    {"usbctrl", all, Items{add_usbctrl}},
    {"usbdev", all, Items{add_usbdev}},
    {"usbdevice", hvm, TextOrTexts{AT(b_info.u.hvm.usbdevice), AT(b_info.u.hvm.usbdevice_list)}},
    {"usbversion", hvm, Number(SET(b_info.u.hvm.usbversion))},
    {"vdispl", all, Items{add_vdispl}},
    {"vendor_device", hvm,
     Choice{WORD(b_info.u.hvm.vendor_device, libxl_vendor_device_from_string), "none, xenserver"}},
    {"vfb", all, Items{add_vfb}},
    {"vga", hvm, Choice{set_vga, "stdvga, cirrus, none, qxl"}},
    {"videoram", all, Number(SET_KIB(b_info.video_memkb))},
    {"viridian", hvm, Custom(set_viridian)},
    {"vkb", all | late, Items{add_vkb}},
    {"vkb_device", hvm, Flag(AT(b_info.u.hvm.vkb_device))},
    {"vmtrace_buf_kb", all, Number(SET(b_info.vmtrace_buf_kb))},
    {"vnc", hvm, Flag(AT(b_info.u.hvm.vnc.enable))},
    {"vncdisplay", hvm, Number(SET(b_info.u.hvm.vnc.display))},
    {"vnclisten", hvm, Text(AT(b_info.u.hvm.vnc.listen))},
    {"vncpasswd", hvm, Text(AT(b_info.u.hvm.vnc.passwd))},
    {"vncunused", hvm, Flag(AT(b_info.u.hvm.vnc.findunused))},
    {"vnuma", all, Custom(check_vnuma)},
    {"vpmu", all, Flag(AT(b_info.vpmu))},
    {"vpt_align", hvm, Flag(AT(b_info.u.hvm.vpt_align))},
    {"vsnd", all, Items{add_vsnd, true}},
    {"vtpm", all, Items{add_vtpm}},
    {"vuart", all, Choice{WORD(b_info.arch_arm.vuart, libxl_vuart_type_from_string), "unknown, sbsa_uart"}},
    {"xauthority", hvm, Text(AT(b_info.u.hvm.sdl.xauthority))},
    {"xen_platform_pci", hvm, Flag(AT(b_info.u.hvm.xen_platform_pci))},
    {"xend_suspend_evtchn_compat", all, Flag(AT(c_info.xend_suspend_evtchn_compat))},
};

#undef AT
#undef SET
#undef SET_KIB
#undef WORD

const Row* find_row(std::string_view key) {
    const auto* found =
        std::find_if(std::begin(rows), std::end(rows), [key](const Row& row) { return key == row.key; });
    return found == std::end(rows) ? nullptr : found;
}

constexpr std::size_t items_max = 1024; // far more than Xen gives a domain of anything

struct Setter {
    Target& target;
    const ConfigValue& value;
    OptionNotes& notes;

    Status operator()(Flag flag) const {
        const auto number = number_of(value);
        if (!number) return fail("must be 0 or 1");
        libxl_defbool_set(flag(target), *number != 0); // any other number is true, as for xl
        return {};
    }
    Status operator()(Text text) const {
        if (value.is_list) return fail("must be one string, not a list");
        replace(text(target), value.text);
        return {};
    }
    Status operator()(Texts texts) const {
        if (!value.is_list) return fail("must be a list of strings: [ \"...\", \"...\" ]");
        std::vector<std::string> all_of_them;
        for (const ConfigValue& item : value.items) all_of_them.push_back(item.text);
        libxl_string_list_dispose(texts(target));
        *texts(target) = string_list(all_of_them);
        return {};
    }
    Status operator()(Number set) const {
        const auto number = number_of(value);
        if (!number) return fail("must be a number");
        if (*number < 0 || *number > INT32_MAX) return fail("must be between 0 and " + std::to_string(INT32_MAX));
        set(target, *number);
        return {};
    }
    Status operator()(const Choice& choice) const {
        if (value.is_list || !choice.set(target, value.text.c_str())) {
            return fail("must be one of " + std::string(choice.allowed));
        }
        return {};
    }
    Status operator()(const TextOrTexts& both) const {
        return value.is_list ? (*this)(both.texts) : (*this)(both.text);
    }
    Status operator()(Custom set) const { return set(target, value, notes); }
    Status operator()(const Items& items) const {
        if (!value.is_list) return fail("must be a list: [ \"...\", \"...\" ]");
        if (value.items.size() > items_max) return fail("has more than " + std::to_string(items_max) + " items");
        for (const ConfigValue& item : value.items) {
            notes.line = item.line;
            if (item.is_list != items.of_lists) {
                return fail(items.of_lists ? "must be a list of lists" : "must be a list of strings, not of lists");
            }
            TRY(items.add(target, item, notes));
        }
        return {};
    }
    Status operator()(const NumberOrChoice& both) const {
        const auto number = number_of(value);
        if (!number) return (*this)(both.choice);
        if (!both.set_number(target, *number)) return fail("must be one of " + std::string(both.choice.allowed));
        return {};
    }
};

class Scratch {
public:
    Scratch() { libxl_domain_config_init(&config_); }
    ~Scratch() { libxl_domain_config_dispose(&config_); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    Target& get() { return config_; }

private:
    Target config_{};
};

libxl_domain_type type_for(unsigned types) {
    if ((types & hvm) != 0) return LIBXL_DOMAIN_TYPE_HVM;
    return (types & pvh) != 0 ? LIBXL_DOMAIN_TYPE_PVH : LIBXL_DOMAIN_TYPE_PV;
}

} // namespace

std::vector<std::string> option_names() {
    std::vector<std::string> names;
    for (const Row& row : rows) names.emplace_back(row.key);
    return names;
}

bool knows_option(std::string_view key) {
    return find_row(key) != nullptr;
}

Status check_option(std::string_view key, const ConfigValue& value, OptionNotes& notes) {
    notes.line = value.line;
    const Row* row = find_row(key);
    if (row == nullptr) return fail("is not a known key");
    Scratch scratch;
    libxl_domain_build_info_init_type(&scratch.get().b_info, type_for(row->types));
    return std::visit(Setter{scratch.get(), value, notes}, row->what);
}

const ConfigValue* find_option(const std::vector<OptionSpec>& options, std::string_view key) {
    const auto found = std::find_if(options.begin(), options.end(), [key](const auto& o) { return o.key == key; });
    return found == options.end() ? nullptr : &found->value;
}

namespace {

unsigned mask_of(DomainType type) {
    return type == DomainType::pv ? pv : type == DomainType::pvh ? pvh : hvm;
}

// A PV domain has no emulated display: vnc= and its sisters make a virtual framebuffer, unless vfb= does.
Status add_display_of_pv(const std::vector<OptionSpec>& options, Target& config) {
    const ConfigValue* vnc = find_option(options, "vnc");
    if (config.num_vfbs != 0 || vnc == nullptr || number_of(*vnc).value_or(0) == 0) return {};
    libxl_device_vfb& vfb = extend_devices(config.vfbs, config.num_vfbs, libxl_device_vfb_init);
    extend_devices(config.vkbs, config.num_vkbs, libxl_device_vkb_init);
    for (const OptionSpec& option : options) {
        const Field fields[] = {
            {"vnc", &vfb.vnc.enable},         {"vnclisten", &vfb.vnc.listen},     {"vncpasswd", &vfb.vnc.passwd},
            {"vncdisplay", &vfb.vnc.display}, {"vncunused", &vfb.vnc.findunused}, {"sdl", &vfb.sdl.enable},
            {"opengl", &vfb.sdl.opengl},      {"display", &vfb.sdl.display},      {"xauthority", &vfb.sdl.xauthority},
            {"keymap", &vfb.keymap}};
        for (const Field& field : fields) {
            if (option.key == field.key) TRY(set_field(option.key + "=" + option.value.text, {field}));
        }
    }
    return {};
}

Status apply_rows(const std::vector<OptionSpec>& options, unsigned type, bool late_ones, Target& config) {
    for (const OptionSpec& option : options) {
        const Row* row = find_row(option.key);
        if (row == nullptr) return fail(option.key + ": is not a known key");
        if ((row->types & type) == 0 || ((row->types & late) != 0) != late_ones) continue;
        OptionNotes notes;
        TRY(context(std::visit(Setter{config, option.value, notes}, row->what), option.key));
    }
    return {};
}

} // namespace

bool option_applies(std::string_view key, DomainType type) {
    const Row* row = find_row(key);
    return row != nullptr && (row->types & mask_of(type)) != 0;
}

Status apply_options(const std::vector<OptionSpec>& options, DomainType type, libxl_domain_config& config) {
    const unsigned mask = mask_of(type);
    TRY(apply_rows(options, mask, false, config));
    if (type == DomainType::pv) TRY(add_display_of_pv(options, config));
    return apply_rows(options, mask, true, config);
}

namespace {

// Whether every address in the text has the shape [DOMAIN:]BUS:SLOT.FUNCTION. libxlutil 4.17 reads memory that is not
// its own when it is not (found by fuzz_domain_config), so it only gets to see texts that have.
bool safe_for_libxlutil(std::string_view text) {
    if (text.size() > 256) return false;
    for (std::string_view part : split(text, ',')) {
        const bool first = part.data() == text.data();
        if (part.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:.@=*_-") !=
            part.npos) {
            return false;
        }
        if (part.substr(0, 4) == "bdf=") {
            part.remove_prefix(4);
        } else if (!first || part.find('=') != part.npos) {
            continue;
        }
        const std::string_view address = part.substr(0, part.find('@'));
        const auto fields = split(address, ':');
        const auto last = split(fields.back(), '.');
        if (fields.size() < 2 || fields.size() > 3 || last.size() != 2) return false;
        const auto hex = [](std::string_view digits, std::size_t most) {
            return !digits.empty() && digits.size() <= most &&
                   digits.find_first_not_of("0123456789abcdefABCDEF") == digits.npos;
        };
        for (std::size_t i = 0; i + 1 < fields.size(); ++i) {
            if (!hex(fields[i], 4)) return false;
        }
        if (!hex(last[0], 2) || (last[1] != "*" && !hex(last[1], 1))) return false;
    }
    return true;
}

} // namespace

Status check_pci(const std::string& text) {
    constexpr const char* wanted = "is not a PCI device such as 0000:00:02.0 or 00:02.0,permissive=1";
    if (!safe_for_libxlutil(text)) return fail(wanted);
    Report report;
    libxl_device_pci device;
    libxl_device_pci_init(&device);
    const int error = xlu_pci_parse_spec_string(report.config(), &device, text.c_str());
    libxl_device_pci_dispose(&device);
    return error == 0 ? Status() : report.error(wanted);
}

Status check_rate(const std::string& text) {
    Report report;
    libxl_device_nic nic;
    libxl_device_nic_init(&nic);
    const int error = xlu_vif_parse_rate(report.config(), text.c_str(), &nic);
    libxl_device_nic_dispose(&nic);
    return error == 0 ? Status() : report.error("is not a rate such as 10MB/s or 10MB/s@20ms");
}

} // namespace bulkhead::xen
