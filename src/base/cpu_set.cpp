#include "base/cpu_set.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>

namespace bulkhead {
namespace {

struct Range {
    std::size_t first, last;
};

std::optional<Range> parse_range(std::string_view text) {
    const std::size_t dash = text.find('-');
    const auto first = parse_unsigned(text.substr(0, dash), UINT32_MAX);
    const auto last = dash == std::string_view::npos ? first : parse_unsigned(text.substr(dash + 1), UINT32_MAX);
    if (!first || !last || *first > *last) return std::nullopt;
    return Range{*first, *last};
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
    if (text.substr(0, prefix.size()) != prefix) return false;
    text.remove_prefix(prefix.size());
    return true;
}

std::string up_to(std::size_t count) {
    return count == 1 ? "only 0" : "0 to " + std::to_string(count - 1);
}

} // namespace

std::string cpu_set_text(const CpuSet& set) {
    std::string text;
    for (std::size_t i = 0; i < set.size(); ++i) {
        if (!set[i]) continue;
        std::size_t last = i;
        while (last + 1 < set.size() && set[last + 1]) ++last;
        if (i == 0 && last + 1 == set.size()) return "all";
        if (!text.empty()) text += ',';
        text += std::to_string(i);
        if (last > i) text += "-" + std::to_string(last);
        i = last;
    }
    return text.empty() ? "none" : text;
}

Result<CpuSet> parse_cpu_set(std::string_view text, std::size_t cpus, const std::vector<CpuSet>& nodes) {
    CpuSet set(cpus, false);
    for (const std::string_view part : split(text, ',')) {
        const std::string shown = "'" + printable(part, 64) + "'";
        std::string_view rest = part;
        const bool add = !take_prefix(rest, "^");
        const bool by_node = take_prefix(rest, "nodes:") || take_prefix(rest, "node:");
        if (rest == "all") {
            if (!add) return fail(shown + ": '^' cannot take all processors out", EINVAL);
            std::fill(set.begin(), set.end(), true);
            continue;
        }
        const auto range = parse_range(rest);
        if (!range) return fail(shown + " is no processor: write N, N-M, all, node:N, or one of them after ^", EINVAL);
        const std::size_t count = by_node ? nodes.size() : cpus;
        if (range->last >= count) {
            return fail(shown + ": this host has " + (by_node ? "nodes " : "processors ") + up_to(count), EINVAL);
        }
        for (std::size_t i = range->first; i <= range->last; ++i) {
            if (!by_node) {
                set[i] = add;
                continue;
            }
            for (std::size_t cpu = 0; cpu < std::min(cpus, nodes[i].size()); ++cpu) {
                if (nodes[i][cpu]) set[cpu] = add;
            }
        }
    }
    if (std::find(set.begin(), set.end(), true) == set.end())
        return fail("'" + printable(text, 64) + "' leaves no processor", EINVAL);
    return set;
}

} // namespace bulkhead
