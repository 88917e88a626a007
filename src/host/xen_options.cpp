#include "host/xen_options.hpp"

#include "base/nearest.hpp"
#include "base/text.hpp"
#include "host/value_form.hpp"
#include "pci/address.hpp"

namespace bulkhead::host {
namespace {

// ivrs_ioapic[4]=00:14.0 (xen/drivers/passthrough/amd/iommu_acpi.c)
bool is_indexed(std::string_view name) {
    for (const std::string_view prefix : {"ivrs_hpet[", "ivrs_ioapic["}) {
        if (!name.starts_with(prefix) || !name.ends_with(']')) continue;
        return parse_integer(name.substr(prefix.size(), name.size() - prefix.size() - 1)).has_value();
    }
    return false;
}

std::vector<std::string> names() {
    std::vector<std::string> all;
    for (const XenOption& option : xen_options()) all.emplace_back(option.name);
    return all;
}

tl::unexpected<Error> misfit(const XenOption& option, std::string_view part, const std::vector<std::string>& allowed) {
    return fail(std::string(option.name) + ": '" + printable(part, 64) + "' is none of: " + join(allowed, ", ") +
                did_you_mean(part, allowed));
}

tl::unexpected<Error> wrong(const XenOption& option, std::string_view part, const std::string& why) {
    return fail(std::string(option.name) + ": '" + printable(part, 64) + "' " + why);
}

// parse_amt() of xen/arch/x86/dom0_build.c: "[-]SIZE", "[-]N%" or "[-]SIZE+N%".
Status check_amount(const XenOption& option, std::string_view part) {
    constexpr std::uint64_t least = std::uint64_t{64} << 20; // no dom0 boots in less
    std::string_view amount = part;
    if (amount.starts_with("min:") || amount.starts_with("max:")) amount.remove_prefix(4);
    const bool minus = amount.starts_with('-');
    if (minus) amount.remove_prefix(1);
    if (amount.ends_with('%')) {
        const std::size_t plus = amount.find('+');
        const std::size_t from = plus == std::string_view::npos ? 0 : plus + 1;
        if (!parse_unsigned(amount.substr(from, amount.size() - from - 1), 99))
            return wrong(option, part, "must be a percentage below 100, as in max:25%");
        if (plus == std::string_view::npos) return {};
        amount = amount.substr(0, plus);
    }
    const auto size = parse_size(amount);
    if (!size || amount.empty() || amount[0] < '0' || amount[0] > '9')
        return wrong(option, part, "must be a size such as 1024M or 2G, a percentage such as 10%, or 1G+10%");
    if (!minus && *size < least && amount == part) {
        const bool no_unit = amount.back() >= '0' && amount.back() <= '9';
        return wrong(option, part,
                     "is " + std::to_string(*size >> 10) + " KiB, in which no dom0 starts" +
                         (no_unit ? "; without a unit it counts KiB: did you mean " + std::string(amount) + "M?" : ""));
    }
    return {};
}

Status check_memory(const XenOption& option, std::string_view value) {
    for (const std::string_view part : split(value, ',')) TRY(check_amount(option, part));
    return {};
}

// parse_dom0_max_vcpus(): N, N-, -M or N-M; what is not a number would count as 0.
Status check_vcpus(const XenOption& option, std::string_view value) {
    const std::size_t dash = value.find('-');
    const std::string_view least = value.substr(0, dash);
    const std::string_view most = dash == std::string_view::npos ? least : value.substr(dash + 1);
    const auto low = least.empty() && dash != std::string_view::npos ? 1 : parse_unsigned(least, 8192);
    const auto high = most.empty() && !least.empty() ? 8192 : parse_unsigned(most, 8192);
    if (!low || !high || *high == 0 || *low == 0)
        return wrong(option, value, "must be a number or a range such as 1-4");
    if (*low > *high) return wrong(option, value, "is a range whose least is above its most");
    return {};
}

// xen/drivers/char/ns16550.c: positions first, then NAME=VALUE.
Status check_serial(const XenOption& option, std::string_view value) {
    constexpr std::string_view named =
        "baud=<int> clock-hz=<int> io-base=<int> irq=<int> data-bits=5|6|7|8 parity=n|o|e|m|s "
        "stop-bits=1|2 reg-shift=<int> reg-width=1|4 dev=pci|amt";
    const auto parts = split(value, ',');
    std::size_t position = 0;
    for (const std::string_view part : parts) {
        if (part.find('=') != std::string_view::npos) {
            const bool device = part.starts_with("port=") || part.starts_with("bridge=");
            if (device ? !pci::parse_address(part.substr(part.find('=') + 1)) : !fits(part, named))
                return wrong(option, part,
                             "is no setting of a serial port: " + join(examples(named), ", ") +
                                 ", port=BB:DD.F, bridge=BB:DD.F");
            position = parts.size();
            continue;
        }
        if (position == parts.size()) return wrong(option, part, "has no place behind NAME=VALUE");
        const std::size_t slash = part.find('/');
        const std::string_view baud = part.substr(0, slash);
        switch (position++) {
        case 0:
            if (baud != "auto" && parse_unsigned(baud, 4'000'000).value_or(baud.empty() ? 1 : 0) == 0)
                return wrong(option, part, "must be a baud rate such as 115200, or auto");
            if (slash != std::string_view::npos && parse_integer(part.substr(slash + 1)).value_or(0) <= 0)
                return wrong(option, part, "must have the port's base rate behind '/', such as 115200/1843200");
            break;
        case 1:
            if (!part.empty() &&
                (part.size() != 3 || part[0] < '5' || part[0] > '8' ||
                 std::string_view("noems").find(part[1]) == std::string_view::npos || part[2] < '1' || part[2] > '2'))
                return wrong(option, part, "must be data bits, parity and stop bits, such as 8n1");
            break;
        case 2:
            if (!part.empty() && !fits(part, "<int> pci amt"))
                return wrong(option, part, "must be an I/O base such as 0x3f8, pci or amt");
            break;
        case 3:
            if (!part.empty() && !fits(part, "<int> msi")) return wrong(option, part, "must be an interrupt or msi");
            break;
        default:
            if (position > 6 || (!part.empty() && !pci::parse_address(part)))
                return wrong(option, part, "must be a PCI address such as 00:1f.3");
        }
    }
    return {};
}

// _parse_loglvl() of xen/drivers/char/console.c takes what it does not know for "warning".
Status check_level(const XenOption& option, std::string_view value) {
    constexpr std::string_view levels = "none error warning info debug all";
    const auto parts = split(value, '/');
    if (parts.size() > 2) return wrong(option, value, "must be LEVEL or LEVEL/LEVEL");
    for (const std::string_view part : parts)
        if (!fits(part, levels)) return misfit(option, part, examples(levels));
    return {};
}

// xen/drivers/cpufreq/cpufreq.c
Status check_cpufreq(const XenOption& option, std::string_view value) {
    constexpr std::string_view who = "none xen dom0-kernel <bool>";
    constexpr std::string_view how =
        "powersave performance ondemand userspace <int> verbose verbose=<int> maxfreq=<int> "
        "minfreq=<int>";
    const std::size_t mark = value.find_first_of(":,");
    if (!fits(value.substr(0, mark), who)) return misfit(option, value.substr(0, mark), examples(who));
    if (mark == std::string_view::npos) return {};
    for (const std::string_view part : split(value.substr(mark + 1), ','))
        if (!part.empty() && !fits(part, how)) return misfit(option, part, examples(how));
    return {};
}

Status check_numbers(const XenOption& option, std::string_view value) {
    for (const std::string_view part : split(value, ','))
        if (!part.empty() && !parse_integer(part)) return wrong(option, part, "must be a number");
    return {};
}

Status check_value(const XenOption& option, std::string_view value) {
    switch (option.kind) {
    case Kind::boolean:
        if (!parse_bool(value)) return wrong(option, value, "must be yes or no (also on, off, true, false, 1, 0)");
        return {};
    case Kind::integer:
        if (!parse_integer(value)) return wrong(option, value, "must be a number");
        return {};
    case Kind::size:
        if (!parse_size(value)) return wrong(option, value, "must be a size such as 512K, 16M or 1G");
        return {};
    case Kind::words:
        if (!fits(value, option.form)) return misfit(option, value, examples(option.form));
        return {};
    case Kind::list:
        if (const auto part = first_misfit(value, option.form)) return misfit(option, *part, examples(option.form));
        return {};
    case Kind::numbers:
        return check_numbers(option, value);
    case Kind::memory:
        return check_memory(option, value);
    case Kind::vcpus:
        return check_vcpus(option, value);
    case Kind::serial:
        return check_serial(option, value);
    case Kind::level:
        return check_level(option, value);
    case Kind::cpufreq:
        return check_cpufreq(option, value);
    case Kind::text:
        return {};
    }
    return {};
}

Status check_unknown(std::string_view name) {
    const std::string quoted = "'" + printable(name, 64) + "'";
    if (const char* why = why_no_option(name); why != nullptr)
        return fail("Xen 4.17 has no option " + quoted + ": " + why);
    return fail("Xen 4.17 has no option " + quoted + " and would ignore it" + did_you_mean(name, names()));
}

// xen/common/kernel.c: "no-NAME" turns a boolean off; other options get the value "no", and none may follow it.
Status check_negated(const XenOption& option, std::string_view word) {
    if (word.find('=') != std::string_view::npos)
        return fail("'" + printable(word, 64) + "': no value may follow no-" + option.name);
    const bool takes_no = option.kind == Kind::boolean || fits("no", option.form);
    if (!takes_no) return fail(std::string(option.name) + ": cannot be turned off by no-" + option.name);
    return {};
}

} // namespace

NamedValue xen_named_value(std::string_view word) {
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    if (equals != std::string_view::npos) return {std::string(name), std::string(word.substr(equals + 1))};
    if (find_xen_option(name) == nullptr && name.starts_with("no-") && find_xen_option(name.substr(3)) != nullptr)
        return {std::string(name.substr(3)), "no"};
    return {std::string(name), std::nullopt};
}

Status check_xen_option(std::string_view word) {
    if (word.size() > option_length_max)
        return fail("'" + printable(word, 40) + "...' has " + std::to_string(word.size()) +
                    " characters; Xen reads the first " + std::to_string(option_length_max));
    const std::string_view name = word.substr(0, word.find('='));
    const XenOption* option = find_xen_option(name);
    if (option == nullptr && name.starts_with("no-")) {
        const XenOption* positive = find_xen_option(name.substr(3));
        if (positive != nullptr) return check_negated(*positive, word);
    }
    if (option == nullptr) {
        if (!is_indexed(name)) return check_unknown(name);
        const std::string_view value = word.size() > name.size() ? word.substr(name.size() + 1) : std::string_view();
        if (!pci::parse_address(value))
            return fail(std::string(name) + ": '" + printable(value, 64) + "' must be a PCI address such as 00:14.0");
        return {};
    }
    if (name.size() == word.size()) {
        if (option->bare || option->kind == Kind::boolean) return {};
        return fail(std::string(name) + ": needs a value, as in " + std::string(name) + "=...");
    }
    const std::string_view value = word.substr(name.size() + 1);
    if (value.empty()) return fail(std::string(name) + ": needs a value behind '='");
    if (value.size() > option->longest)
        return wrong(*option, value, "is too long: Xen keeps " + std::to_string(option->longest) + " characters");
    return check_value(*option, value);
}

} // namespace bulkhead::host
