#include "xen/spec_hardware.hpp"

#include "base/text.hpp"
#include "xen/option_value.hpp"
#include "xen/report.hpp"

#include <charconv>
#include <cstring>

extern "C" {
#include <xen/hvm/e820.h>
#include <xen/hvm/params.h>
}

namespace bulkhead::xen {
namespace {

// Hexadecimal digits, with or without 0x, as strtoul() and sscanf("%x") take them.
template <typename T>
bool read_hex(std::string_view text, T& value) {
    text = trim(text);
    if (text.substr(0, 2) == "0x" || text.substr(0, 2) == "0X") text.remove_prefix(2);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    return error == std::errc() && end == text.data() + text.size();
}

bool is_text(const ConfigValue& item) {
    return !item.is_list && item.text.size() <= option_text_max;
}

void init_port(libxl_ioport_range* range) {
    libxl_ioport_range_init(range);
}

void init_irq(std::uint32_t* irq) {
    *irq = 0;
}

void ensure_bitmap(libxl_bitmap& map) {
    if (map.map != nullptr) return;
    map.size = (LIBXL_BUILDINFO_HVM_VIRIDIAN_ENABLE_DISABLE_WIDTH + 7) / 8;
    map.map = zeroed<std::uint8_t>(map.size);
}

Status set_enlightenment(std::string_view word, libxl_domain_config& config) {
    auto& guest = config.b_info.u.hvm;
    if (word == "all") {
        libxl_bitmap_set_any(&guest.viridian_enable);
    } else if (word == "defaults") {
        libxl_defbool_set(&guest.viridian, true);
    } else {
        const bool off = word.substr(0, 1) == "!";
        libxl_viridian_enlightenment which{};
        if (libxl_viridian_enlightenment_from_string(std::string(word.substr(off ? 1 : 0)).c_str(), &which) != 0) {
            return fail("'" + printable(word, 64) + "' is not all, defaults or an enlightenment of xl.cfg(5)");
        }
        libxl_bitmap_set(off ? &guest.viridian_disable : &guest.viridian_enable, which);
        libxl_bitmap_reset(off ? &guest.viridian_enable : &guest.viridian_disable, which);
    }
    return {};
}

} // namespace

Status add_ioports(libxl_domain_config& config, const ConfigValue& item, OptionNotes&) {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    const auto ends = split(item.text, '-');
    if (!is_text(item) || ends.size() > 2 || !read_hex(ends.front(), first) || !read_hex(ends.back(), last) ||
        last < first || last == UINT32_MAX) {
        return fail("'" + printable(item.text, 64) + "' is not a hexadecimal port or range such as 2f8-2ff");
    }
    auto& build = config.b_info;
    libxl_ioport_range& range = extend(build.ioports, build.num_ioports, init_port);
    range.first = first;
    range.number = last - first + 1;
    return {};
}

Status add_irq(libxl_domain_config& config, const ConfigValue& item, OptionNotes&) {
    const auto number = is_text(item) ? parse_unsigned(item.text, UINT32_MAX - 1) : std::nullopt;
    if (!number) return fail("'" + printable(item.text, 64) + "' is not the number of an interrupt");
    extend(config.b_info.irqs, config.b_info.num_irqs, init_irq) = static_cast<std::uint32_t>(*number);
    return {};
}

Status add_iomem(libxl_domain_config& config, const ConfigValue& item, OptionNotes&) {
    libxl_iomem_range& range = extend(config.b_info.iomem, config.b_info.num_iomem, libxl_iomem_range_init);
    const auto parts = split(item.text, ',');
    const auto sizes = split(parts.back(), '@');
    if (!is_text(item) || parts.size() != 2 || sizes.size() > 2 || !read_hex(parts[0], range.start) ||
        !read_hex(sizes[0], range.number) || (sizes.size() == 2 && !read_hex(sizes[1], range.gfn))) {
        return fail("'" + printable(item.text, 64) + "' is not START,COUNT or START,COUNT@GFN in hexadecimal pages");
    }
    return {};
}

Status add_mca_cap(libxl_domain_config& config, const ConfigValue& item, OptionNotes&) {
    if (item.is_list || item.text != "lmce") return fail("'" + printable(item.text, 64) + "' must be lmce");
    config.b_info.u.hvm.mca_caps |= XEN_HVM_MCA_CAP_LMCE;
    return {};
}

Status set_viridian(libxl_domain_config& config, const ConfigValue& value, OptionNotes& notes) {
    auto& guest = config.b_info.u.hvm;
    if (!value.is_list) {
        const auto number = number_of(value);
        if (!number) return fail("must be 0, 1 or a list of enlightenments");
        libxl_defbool_set(&guest.viridian, *number != 0);
        return {};
    }
    if (value.items.empty()) return {};
    ensure_bitmap(guest.viridian_enable);
    ensure_bitmap(guest.viridian_disable);
    for (const ConfigValue& item : value.items) {
        notes.line = item.line;
        if (item.is_list) return fail("must be a list of texts");
        TRY(set_enlightenment(item.text, config));
    }
    return {};
}

Status set_mmio_hole(libxl_domain_config& config, const ConfigValue& value, OptionNotes&) {
    constexpr long mib = 1024L * 1024;
    constexpr long least = HVM_BELOW_4G_MMIO_LENGTH / mib;
    constexpr long most = HVM_BELOW_4G_MMIO_START / mib;
    const auto number = number_of(value);
    if (!number || *number < least || *number > most) {
        return fail("must be a number of MiB from " + std::to_string(least) + " to " + std::to_string(most));
    }
    config.b_info.u.hvm.mmio_hole_memkb = static_cast<std::uint64_t>(*number) * 1024;
    return {};
}

Status set_gfx_passthru(libxl_domain_config& config, const ConfigValue& value, OptionNotes&) {
    auto& guest = config.b_info.u.hvm;
    if (const auto number = number_of(value)) {
        libxl_defbool_set(&guest.gfx_passthru, *number != 0);
        return {};
    }
    if (value.is_list || libxl_gfx_passthru_kind_from_string(value.text.c_str(), &guest.gfx_passthru_kind) != 0) {
        return fail("must be 0, 1, \"default\" or \"igd\"");
    }
    libxl_defbool_set(&guest.gfx_passthru, true);
    return {};
}

Status check_vm_genid(libxl_domain_config&, const ConfigValue& value, OptionNotes&) {
    if (value.is_list || (value.text != "generate" && value.text != "none")) {
        return fail("must be \"generate\" or \"none\"");
    }
    return {};
}

Result<std::optional<libxl_rdm_reserve>> parse_rdm(const std::string& text) {
    for (const std::string_view word : split(text, ',')) {
        if (word != "strategy=host" && word != "policy=strict" && word != "policy=relaxed") {
            return fail("'" + printable(word, 64) + "' must be strategy=host, policy=strict or policy=relaxed");
        }
    }
    libxl_rdm_reserve rdm;
    libxl_rdm_reserve_init(&rdm);
    Report report;
    if (text.size() > option_text_max || xlu_rdm_parse(report.config(), &rdm, text.c_str()) != 0) {
        return std::optional<libxl_rdm_reserve>();
    }
    return std::optional<libxl_rdm_reserve>(rdm);
}

Status set_rdm(libxl_domain_config& config, const ConfigValue& value, OptionNotes& notes) {
    if (value.is_list) return fail("must be one string, not a list");
    const auto rdm = TRY(parse_rdm(value.text));
    if (rdm) {
        config.b_info.u.hvm.rdm = *rdm;
    } else {
        notes.warnings.emplace_back(
            "is ignored, as by xl: libxlutil of Xen 4.17 takes no policy= here; the rdm_policy= of "
            "a PCI device works");
    }
    return {};
}

} // namespace bulkhead::xen
