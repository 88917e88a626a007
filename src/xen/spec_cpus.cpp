#include "xen/spec_cpus.hpp"

#include "base/text.hpp"
#include "xen/option_value.hpp"

#include <algorithm>
#include <memory>
#include <optional>

namespace bulkhead::xen {
namespace {

constexpr std::size_t vnodes_max = 64; // more than XEN's vNUMA hypercall takes for any guest of 512 vcpus

Status parse_range(std::string_view text, unsigned& first, unsigned& last) {
    const auto ends = split(text, '-');
    const auto from = parse_unsigned(ends.front(), cpu_number_max);
    const auto to = parse_unsigned(ends.back(), cpu_number_max);
    if (ends.size() > 2 || !from || !to || *to < *from) {
        return fail("'" + printable(text, 64) + "' is not a number or a range such as 0-3");
    }
    first = static_cast<unsigned>(*from);
    last = static_cast<unsigned>(*to);
    return {};
}

bool skip(std::string_view& text, std::string_view prefix) {
    if (text.substr(0, prefix.size()) != prefix) return false;
    text.remove_prefix(prefix.size());
    return true;
}

struct VirtualNode {
    std::optional<unsigned> pnode;
    std::uint64_t memory = 0; // MiB
    std::vector<CpuRange> vcpus;
    std::vector<unsigned> distances;
};

Status read_vnode(const std::string& text, VirtualNode& node) {
    const std::size_t equals = text.find('=');
    const std::string_view key = trim(std::string_view(text).substr(0, equals));
    if (equals == std::string::npos) return fail("'" + printable(text, 64) + "' is not KEY=VALUE");
    const std::string_view value = trim(std::string_view(text).substr(equals + 1));
    const auto wrong = [&](const char* what) {
        return fail(std::string(key) + ": '" + printable(value, 64) + "' " + what);
    };
    if (key == "pnode" || key == "size") {
        const auto number = parse_unsigned(value, UINT32_MAX);
        if (!number) return wrong(key == "size" ? "is not a number of MiB" : "is not a number");
        if (key == "size") node.memory = *number;
        if (key == "pnode") node.pnode = static_cast<unsigned>(*number);
    } else if (key == "vcpus") {
        for (const std::string_view word : split(value, ',')) {
            CpuRange range;
            if (!parse_range(word, range.first, range.last)) return wrong("must be vcpus such as 0,2-3");
            node.vcpus.push_back(range);
        }
    } else if (key == "vdistances") {
        for (const std::string_view word : split(value, ',')) {
            const auto distance = parse_unsigned(word, UINT32_MAX);
            if (!distance) return wrong("must be one number for each node, such as 10,20");
            node.distances.push_back(static_cast<unsigned>(*distance));
        }
    } else {
        return fail("unknown word '" + printable(key, 64) + "' (it takes: pnode, size, vcpus, vdistances)");
    }
    return {};
}

Result<std::vector<VirtualNode>> read_vnuma(const ConfigValue& value, OptionNotes& notes) {
    if (!value.is_list) return fail("must be a list of nodes, each a list of texts");
    if (value.items.size() > vnodes_max) return fail("has more than " + std::to_string(vnodes_max) + " nodes");
    std::vector<VirtualNode> nodes;
    for (const ConfigValue& item : value.items) {
        notes.line = item.line;
        if (!item.is_list) return fail("must be a list of nodes, each a list: [ [ \"pnode=0\", \"size=512\" ] ]");
        VirtualNode node;
        for (const ConfigValue& word : item.items) {
            if (word.is_list) return fail("has a list where a text such as \"vcpus=0-1\" is wanted");
            TRY(read_vnode(word.text, node));
        }
        if (node.distances.size() > value.items.size())
            return fail("vdistances: has more numbers than there are nodes");
        nodes.push_back(std::move(node));
    }
    return nodes;
}

Status set_range(libxl_ctx* ctx, const CpuRange& range, libxl_bitmap& map) {
    if (range.all) {
        libxl_bitmap_set_any(&map);
        return {};
    }
    const auto put = [&](int cpu) { range.exclude ? libxl_bitmap_reset(&map, cpu) : libxl_bitmap_set(&map, cpu); };
    if (!range.nodes) {
        for (unsigned cpu = range.first; cpu <= range.last; ++cpu) put(static_cast<int>(cpu));
        return {};
    }
    libxl_bitmap of_node;
    libxl_bitmap_init(&of_node);
    int error = libxl_cpu_bitmap_alloc(ctx, &of_node, 0);
    for (unsigned node = range.first; node <= range.last && error == 0; ++node) {
        libxl_bitmap_set_none(&of_node);
        error = libxl_node_to_cpumap(ctx, static_cast<int>(node), &of_node);
        if (error != 0) break;
        for (int cpu = 0; cpu < static_cast<int>(of_node.size) * 8; ++cpu) {
            if (libxl_bitmap_test(&of_node, cpu) != 0) put(cpu);
        }
    }
    libxl_bitmap_dispose(&of_node);
    if (error != 0) return fail("the host has no NUMA node " + std::to_string(range.last));
    return {};
}

Status set_map(libxl_ctx* ctx, const std::string& text, libxl_bitmap& map) {
    if (libxl_cpu_bitmap_alloc(ctx, &map, 0) != 0) return fail("cannot ask Xen for the number of processors");
    for (const CpuRange& range : TRY(parse_cpu_ranges(text))) TRY(set_range(ctx, range, map));
    return {};
}

const char* cpuid_error(bool xend, int code) {
    constexpr const char* old_style[] = {"an illegal leaf number", "an illegal subleaf number", "no colon",
                                         "an invalid register name (eax, ebx, ecx, edx)",
                                         "a policy that is not exactly 32 characters long"};
    constexpr const char* words[] = {"a word without '='", "an unknown flag", "a value other than 0, 1, x, k, s"};
    if (xend && code >= 1 && code <= 5) return old_style[code - 1];
    if (!xend && code >= 1 && code <= 3) return words[code - 1];
    return "an error that libxl does not explain";
}

} // namespace

Result<std::vector<CpuRange>> parse_cpu_ranges(std::string_view text) {
    if (text.size() > option_text_max) return fail("is longer than " + std::to_string(option_text_max) + " bytes");
    std::vector<CpuRange> ranges;
    for (std::string_view word : split(text, ',')) {
        if (word.empty()) continue;
        const std::string_view whole = word;
        CpuRange range;
        range.exclude = skip(word, "^");
        range.nodes = skip(word, "nodes:") || skip(word, "node:");
        range.all = word == "all";
        if (range.all && range.exclude) return fail("'" + printable(whole, 64) + "': ^ cannot stand before all");
        if (!range.all) TRY(parse_range(word, range.first, range.last));
        ranges.push_back(range);
    }
    return ranges;
}

Status check_cpus(libxl_domain_config&, const ConfigValue& value, OptionNotes& notes) {
    if (!value.is_list) {
        TRY(parse_cpu_ranges(value.text));
        return {};
    }
    for (const ConfigValue& item : value.items) {
        notes.line = item.line;
        if (item.is_list) return fail("must be one text, or a list of one text for each vcpu");
        TRY(parse_cpu_ranges(item.text));
    }
    return {};
}

Status check_vnuma(libxl_domain_config&, const ConfigValue& value, OptionNotes& notes) {
    TRY(read_vnuma(value, notes));
    return {};
}

Status set_cpuid(libxl_domain_config& config, const ConfigValue& value, OptionNotes& notes) {
    libxl_cpuid_policy_list* policy = &config.b_info.cpuid;
    if (value.is_list) {
        for (const ConfigValue& item : value.items) {
            notes.line = item.line;
            if (item.is_list || item.text.size() > option_text_max) return fail("must be a list of texts");
            if (const int error = libxl_cpuid_parse_config_xend(policy, item.text.c_str()); error != 0) {
                return fail("'" + printable(item.text, 64) + "' has " + cpuid_error(true, error));
            }
        }
        return {};
    }
    if (value.text.size() > option_text_max)
        return fail("is longer than " + std::to_string(option_text_max) + " bytes");
    bool first = true;
    for (const std::string_view word : split(value.text, ',')) {
        if (word.empty()) continue;
        if (first && word != "host") return fail("the first word must be \"host\"");
        if (!first) {
            if (const int error = libxl_cpuid_parse_config(policy, std::string(word).c_str()); error != 0) {
                return fail("'" + printable(word, 64) + "' has " + cpuid_error(false, error));
            }
        }
        first = false;
    }
    return {};
}

Status apply_vnuma(libxl_ctx* ctx, const ConfigValue& value, libxl_domain_build_info& build) {
    OptionNotes notes;
    const std::vector<VirtualNode> nodes = TRY(read_vnuma(value, notes));
    if (nodes.empty()) return {};
    libxl_physinfo host;
    libxl_physinfo_init(&host);
    const int error = libxl_get_physinfo(ctx, &host);
    const std::uint32_t host_nodes = host.nr_nodes;
    libxl_physinfo_dispose(&host);
    if (error != 0) return fail("vnuma: cannot ask Xen about the host");

    std::uint64_t kib = 0;
    int vcpus = 0;
    build.vnuma_nodes = zeroed<libxl_vnode_info>(nodes.size());
    for (const VirtualNode& node : nodes) {
        libxl_vnode_info& made = build.vnuma_nodes[build.num_vnuma_nodes++];
        libxl_vnode_info_init(&made);
        made.distances = zeroed<std::uint32_t>(nodes.size());
        made.num_distances = static_cast<int>(nodes.size());
        std::copy(node.distances.begin(), node.distances.end(), made.distances);
        made.memkb = node.memory * 1024;
        kib += made.memkb;
        if (node.pnode) {
            if (*node.pnode >= host_nodes) {
                return fail("vnuma: pnode=" + std::to_string(*node.pnode) + ", but the host has " +
                            std::to_string(host_nodes) + " NUMA node(s)");
            }
            made.pnode = *node.pnode;
            libxl_defbool_set(&build.numa_placement, false);
        }
        if (libxl_cpu_bitmap_alloc(ctx, &made.vcpus, build.max_vcpus) != 0) return fail_errno("memory", ENOMEM);
        for (const CpuRange& range : node.vcpus) {
            for (unsigned cpu = range.first; cpu <= range.last; ++cpu, ++vcpus) {
                libxl_bitmap_set(&made.vcpus, static_cast<int>(cpu));
            }
        }
    }
    if (build.max_vcpus != 0 && build.max_vcpus != vcpus) {
        return fail("vnuma: has " + std::to_string(vcpus) + " vcpus, but maxvcpus=" + std::to_string(build.max_vcpus));
    }
    if (build.max_vcpus == 0 && libxl_get_online_cpus(ctx) < vcpus) {
        return fail("vnuma: has more vcpus than the host has processors; maxvcpus=" + std::to_string(vcpus) +
                    " allows that");
    }
    build.max_vcpus = vcpus;
    if (build.max_memkb != static_cast<std::uint64_t>(LIBXL_MEMKB_DEFAULT) && build.max_memkb != kib) {
        return fail("vnuma: the sizes are " + std::to_string(kib / 1024) +
                    " MiB, but maxmem=" + std::to_string(build.max_memkb / 1024));
    }
    build.max_memkb = kib;
    return {};
}

Status apply_affinity(libxl_ctx* ctx, const ConfigValue& value, bool hard, libxl_domain_build_info& build) {
    const int vcpus = std::max(build.max_vcpus, 0);
    const int count = value.is_list ? std::min(static_cast<int>(value.items.size()), vcpus) : vcpus;
    auto* maps = zeroed<libxl_bitmap>(static_cast<std::size_t>(count));
    (hard ? build.vcpu_hard_affinity : build.vcpu_soft_affinity) = maps;
    (hard ? build.num_vcpu_hard_affinity : build.num_vcpu_soft_affinity) = count;
    for (int i = 0; i < count; ++i) {
        const ConfigValue& one = value.is_list ? value.items[static_cast<std::size_t>(i)] : value;
        TRY(context(set_map(ctx, one.text, maps[i]), hard ? "cpus" : "cpus_soft"));
    }
    // Whoever pins each vcpu, or says where they would like to run, wants no placement by libxl.
    if (value.is_list || !hard) libxl_defbool_set(&build.numa_placement, false);
    return {};
}

Status apply_cpu_masks(libxl_ctx* ctx, const HostDefaults& host, DomainType type, libxl_domain_build_info& build) {
    const bool pv = type == DomainType::pv;
    for (const auto& [key, text] :
         {std::pair("vm.cpumask", host.cpu_mask),
          pv ? std::pair("vm.pv.cpumask", host.pv_cpu_mask) : std::pair("vm.hvm.cpumask", host.hvm_cpu_mask)}) {
        if (text.empty()) continue;
        const std::string what = std::string(key) + " of xl.conf";
        libxl_bitmap mask;
        libxl_bitmap_init(&mask);
        const std::unique_ptr<libxl_bitmap, decltype(&libxl_bitmap_dispose)> owner(&mask, libxl_bitmap_dispose);
        TRY(context(set_map(ctx, text, mask), what));
        if (libxl_bitmap_is_full(&mask) != 0) continue;
        if (build.num_vcpu_hard_affinity == 0) {
            build.vcpu_hard_affinity = zeroed<libxl_bitmap>(static_cast<std::size_t>(build.max_vcpus));
            for (; build.num_vcpu_hard_affinity < build.max_vcpus; ++build.num_vcpu_hard_affinity)
                TRY(set_map(ctx, "all", build.vcpu_hard_affinity[build.num_vcpu_hard_affinity]));
        }
        for (int i = 0; i < build.num_vcpu_hard_affinity; ++i) {
            libxl_bitmap& map = build.vcpu_hard_affinity[i];
            for (int cpu = 0; cpu < static_cast<int>(map.size) * 8; ++cpu) {
                if (libxl_bitmap_test(&mask, cpu) == 0) libxl_bitmap_reset(&map, cpu);
            }
            if (libxl_bitmap_is_empty(&map) != 0)
                return fail(what + " leaves virtual processor " + std::to_string(i) + " no processor of cpus=");
        }
    }
    return {};
}

} // namespace bulkhead::xen
