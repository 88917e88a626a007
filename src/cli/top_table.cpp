#include "cli/top_table.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <strings.h>

namespace bulkhead::cli {
namespace {

using nlohmann::json;

template <typename... Values>
std::string formatted(const char* format, Values... values) {
    char text[256];
    std::snprintf(text, sizeof text, format, values...);
    return text;
}

std::uint64_t count(const json& object, const char* key) {
    return object.value(key, std::uint64_t{0});
}

TopVif read_vif(const json& from) {
    return {from.value("index", 0U),   count(from, "rx_bytes"),   count(from, "rx_packets"),
            count(from, "rx_errors"),  count(from, "rx_dropped"), count(from, "tx_bytes"),
            count(from, "tx_packets"), count(from, "tx_errors"),  count(from, "tx_dropped")};
}

TopVbd read_vbd(const json& from) {
    return {from.value("device", 0U), from.contains("reads"),      count(from, "out_of_requests"), count(from, "reads"),
            count(from, "writes"),    count(from, "read_sectors"), count(from, "written_sectors")};
}

double share(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole) * 100;
}

// ---- columns ----

std::string state_of(const TopDomain& domain) {
    return {domain.dying ? 'd' : '-',   domain.shutdown ? 's' : '-', domain.blocked ? 'b' : '-',
            domain.crashed ? 'c' : '-', domain.paused ? 'p' : '-',   domain.running ? 'r' : '-'};
}

// In the order of the letters, what is there before what is not.
unsigned state_rank(const TopDomain& domain) {
    unsigned rank = 0;
    for (const bool there :
         {domain.dying, domain.shutdown, domain.blocked, domain.crashed, domain.paused, domain.running})
        rank = rank << 1 | (there ? 1U : 0U);
    return rank;
}

std::uint64_t network_kib(const TopDomain& domain, std::uint64_t TopVif::*bytes) {
    std::uint64_t sum = 0;
    for (const TopVif& vif : domain.vifs) sum += vif.*bytes;
    return sum / 1024;
}

// nullopt: there are disks, and none is counted.
std::optional<std::uint64_t> disk_sum(const TopDomain& domain, std::uint64_t TopVbd::*counter) {
    std::uint64_t sum = 0;
    bool known = domain.vbds.empty();
    for (const TopVbd& vbd : domain.vbds) {
        if (vbd.known) sum += vbd.*counter;
        known = known || vbd.known;
    }
    return known ? std::optional(sum) : std::nullopt;
}

struct Column {
    const char* name;
    unsigned width;
    std::string (*text)(const TopDomain&, const TopSample&);
    // What it is sorted by, greatest first; nullptr: by name.
    double (*rank)(const TopDomain&);
};

template <std::uint64_t TopVif::*bytes>
constexpr Column network_column(const char* name) {
    return {name, 8,
            [](const TopDomain& domain, const TopSample&) { return std::to_string(network_kib(domain, bytes)); },
            [](const TopDomain& domain) { return static_cast<double>(network_kib(domain, bytes)); }};
}

template <std::uint64_t TopVbd::*counter>
constexpr Column disk_column(const char* name, unsigned width) {
    return {name, width,
            [](const TopDomain& domain, const TopSample&) {
                const auto sum = disk_sum(domain, counter);
                return sum ? std::to_string(*sum) : std::string("-");
            },
            [](const TopDomain& domain) { return static_cast<double>(disk_sum(domain, counter).value_or(0)); }};
}

const std::array<Column, 19>& columns() {
    using Domain = const TopDomain&;
    using Sample = const TopSample&;
    constexpr double no_limit = 1e300;
    static const std::array<Column, 19> all = {{
        {"NAME", 10, [](Domain domain, Sample) { return domain.name; }, nullptr},
        {"STATE", 6, [](Domain domain, Sample) { return state_of(domain); },
         [](Domain domain) { return static_cast<double>(state_rank(domain)); }},
        {"CPU(sec)", 10, [](Domain domain, Sample) { return std::to_string(domain.cpu_time_ns / 1000000000); },
         [](Domain domain) { return static_cast<double>(domain.cpu_time_ns); }},
        {"CPU(%)", 6, [](Domain domain, Sample) { return formatted("%.1f", domain.cpu_percent); },
         [](Domain domain) { return domain.cpu_percent; }},
        {"MEM(k)", 10, [](Domain domain, Sample) { return std::to_string(domain.memory_kib); },
         [](Domain domain) { return static_cast<double>(domain.memory_kib); }},
        {"MEM(%)", 6,
         [](Domain domain, Sample sample) { return formatted("%.1f", share(domain.memory_kib, sample.total_kib)); },
         [](Domain domain) { return static_cast<double>(domain.memory_kib); }},
        {"MAXMEM(k)", 10,
         [](Domain domain, Sample) {
             return domain.max_memory_kib ? std::to_string(*domain.max_memory_kib) : std::string("no limit");
         },
         [](Domain domain) { return domain.max_memory_kib ? static_cast<double>(*domain.max_memory_kib) : no_limit; }},
        {"MAXMEM(%)", 9,
         [](Domain domain, Sample sample) {
             return domain.max_memory_kib ? formatted("%.1f", share(*domain.max_memory_kib, sample.total_kib))
                                          : std::string("n/a");
         },
         [](Domain domain) { return domain.max_memory_kib ? static_cast<double>(*domain.max_memory_kib) : no_limit; }},
        {"VCPUS", 5, [](Domain domain, Sample) { return std::to_string(domain.vcpus); },
         [](Domain domain) { return static_cast<double>(domain.vcpus); }},
        {"NETS", 4, [](Domain domain, Sample) { return std::to_string(domain.vifs.size()); },
         [](Domain domain) { return static_cast<double>(domain.vifs.size()); }},
        network_column<&TopVif::tx_bytes>("NETTX(k)"),
        network_column<&TopVif::rx_bytes>("NETRX(k)"),
        {"VBDS", 4, [](Domain domain, Sample) { return std::to_string(domain.vbds.size()); },
         [](Domain domain) { return static_cast<double>(domain.vbds.size()); }},
        disk_column<&TopVbd::out_of_requests>("VBD_OO", 8),
        disk_column<&TopVbd::reads>("VBD_RD", 8),
        disk_column<&TopVbd::writes>("VBD_WR", 8),
        disk_column<&TopVbd::read_sectors>("VBD_RSECT", 10),
        disk_column<&TopVbd::written_sectors>("VBD_WSECT", 10),
        {"SSID", 4, [](Domain domain, Sample) { return std::to_string(domain.ssid); },
         [](Domain domain) { return -static_cast<double>(domain.ssid); }},
    }};
    return all;
}

std::string padded(const std::string& text, std::size_t width) {
    return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

std::vector<const TopDomain*> sorted(const TopSample& sample, std::size_t column) {
    std::vector<const TopDomain*> domains;
    for (const TopDomain& domain : sample.domains) domains.push_back(&domain);
    const auto rank = columns()[std::min(column, columns().size() - 1)].rank;
    std::stable_sort(domains.begin(), domains.end(), [rank](const TopDomain* a, const TopDomain* b) {
        return rank == nullptr ? ::strcasecmp(a->name.c_str(), b->name.c_str()) < 0 : rank(*a) > rank(*b);
    });
    return domains;
}

void add_vifs(const TopDomain& domain, std::vector<TopLine>& lines) {
    std::size_t number = 0;
    for (const TopVif& vif : domain.vifs) {
        lines.push_back({formatted("Net%zu RX: %8" PRIu64 "bytes %8" PRIu64 "pkts %8" PRIu64 "err %8" PRIu64 "drop  ",
                                   number++, vif.rx_bytes, vif.rx_packets, vif.rx_errors, vif.rx_dropped) +
                             formatted("TX: %8" PRIu64 "bytes %8" PRIu64 "pkts %8" PRIu64 "err %8" PRIu64 "drop",
                                       vif.tx_bytes, vif.tx_packets, vif.tx_errors, vif.tx_dropped),
                         false});
    }
}

void add_vbds(const TopDomain& domain, std::vector<TopLine>& lines) {
    for (const TopVbd& vbd : domain.vbds) {
        const auto number = [&vbd](std::uint64_t value) { return vbd.known ? std::to_string(value) : "-"; };
        // Major and minor number as in the virtual device's number.
        lines.push_back(
            {formatted("VBD BlkBack %4u [%2x:%2x]  OO: %8s   RD: %8s   WR: %8s   RSECT: %10s   WSECT: %10s", vbd.device,
                       vbd.device >> 8 & 0xfff, vbd.device & 0xff, number(vbd.out_of_requests).c_str(),
                       number(vbd.reads).c_str(), number(vbd.writes).c_str(), number(vbd.read_sectors).c_str(),
                       number(vbd.written_sectors).c_str()),
             false});
    }
}

} // namespace

TopSample read_sample(const json& answer) {
    TopSample sample;
    sample.clock_us = count(answer, "clock_us");
    sample.xen_version = answer.value("xen_version", "");
    sample.total_kib = count(answer, "total_kib");
    sample.free_kib = count(answer, "free_kib");
    sample.cpu_khz = count(answer, "cpu_khz");
    sample.cpus = answer.value("cpus", 0U);
    for (const json& from : answer.value("domains", json::array())) {
        TopDomain& to = sample.domains.emplace_back();
        to.id = from.value("id", 0U);
        to.vcpus = from.value("vcpus", 0U);
        to.ssid = from.value("ssid", 0U);
        to.name = printable(from.value("name", ""), 256); // a terminal obeys what it is sent
        to.dying = from.value("dying", false);
        to.shutdown = from.value("shutdown", false);
        to.blocked = from.value("blocked", false);
        to.crashed = from.value("crashed", false);
        to.paused = from.value("paused", false);
        to.running = from.value("running", false);
        to.cpu_time_ns = count(from, "cpu_time_ns");
        to.memory_kib = count(from, "memory_kib");
        if (from.contains("max_memory_kib")) to.max_memory_kib = count(from, "max_memory_kib");
        for (const json& vif : from.value("vifs", json::array())) to.vifs.push_back(read_vif(vif));
        for (const json& vbd : from.value("vbds", json::array())) to.vbds.push_back(read_vbd(vbd));
    }
    return sample;
}

void compare_samples(TopSample& now, const TopSample& before) {
    if (now.clock_us <= before.clock_us) return;
    const double elapsed_ns = static_cast<double>(now.clock_us - before.clock_us) * 1000;
    for (TopDomain& domain : now.domains) {
        const auto old = std::find_if(before.domains.begin(), before.domains.end(),
                                      [&](const TopDomain& other) { return other.id == domain.id; });
        if (old == before.domains.end() || old->cpu_time_ns > domain.cpu_time_ns) continue;
        domain.cpu_percent = static_cast<double>(domain.cpu_time_ns - old->cpu_time_ns) / elapsed_ns * 100;
    }
}

json with_percentages(json answer, const TopSample& sample) {
    for (std::size_t i = 0; i < sample.domains.size(); ++i) {
        const TopDomain& domain = sample.domains[i];
        json& to = answer["domains"][i];
        to["cpu_percent"] = domain.cpu_percent;
        to["memory_percent"] = share(domain.memory_kib, sample.total_kib);
        if (domain.max_memory_kib) to["max_memory_percent"] = share(*domain.max_memory_kib, sample.total_kib);
    }
    return answer;
}

std::size_t top_columns() {
    return columns().size();
}

const char* top_column_name(std::size_t column) {
    return columns()[column].name;
}

std::vector<TopLine> top_lines(const TopSample& sample, const TopView& view) {
    const auto domains = sorted(sample, view.sort_by);
    std::array<std::size_t, 19> widths{};
    std::vector<std::vector<std::string>> cells;
    for (std::size_t c = 0; c < columns().size(); ++c) widths[c] = columns()[c].width;
    for (const TopDomain* domain : domains) {
        auto& row = cells.emplace_back();
        for (std::size_t c = 0; c < columns().size(); ++c) {
            row.push_back(columns()[c].text(*domain, sample));
            if (c == 0 && !view.full_name) row[0].resize(std::min<std::size_t>(row[0].size(), widths[0]));
            widths[c] = std::max(widths[c], row[c].size());
        }
    }
    TopLine header{"", true};
    for (std::size_t c = 0; c < columns().size(); ++c)
        header.text += (c == 0 ? "" : " ") + padded(columns()[c].name, widths[c]);

    std::vector<TopLine> lines;
    const std::size_t first = domains.empty() ? 0 : std::min(view.first_row, domains.size() - 1);
    for (std::size_t i = first; i < domains.size(); ++i) {
        if (i == first || view.repeat_header) lines.push_back(header);
        TopLine line;
        for (std::size_t c = 0; c < columns().size(); ++c)
            line.text += (c == 0 ? "" : " ") + padded(cells[i][c], widths[c]);
        lines.push_back(std::move(line));
        if (view.vifs) add_vifs(*domains[i], lines);
        if (view.vbds) add_vbds(*domains[i], lines);
    }
    return lines;
}

std::vector<std::string> top_summary(const TopSample& sample, const std::string& clock) {
    unsigned running = 0, blocked = 0, paused = 0, crashed = 0, dying = 0, shutdown = 0;
    for (const TopDomain& domain : sample.domains) {
        unsigned& kind = domain.running    ? running
                         : domain.blocked  ? blocked
                         : domain.paused   ? paused
                         : domain.shutdown ? shutdown
                         : domain.crashed  ? crashed
                                           : dying;
        // One that is in no state waits for a processor.
        if (&kind != &dying || domain.dying) ++kind;
    }
    const std::uint64_t used = sample.total_kib - std::min(sample.total_kib, sample.free_kib);
    return {"bulkhead top - " + clock + "   Xen " + sample.xen_version,
            formatted("%zu domains: %u running, %u blocked, %u paused, %u crashed, %u dying, %u shutdown",
                      sample.domains.size(), running, blocked, paused, crashed, dying, shutdown),
            formatted("Mem: %" PRIu64 "k total, %" PRIu64 "k used, %" PRIu64 "k free    CPUs: %u @ %" PRIu64 "MHz",
                      sample.total_kib, used, sample.free_kib, sample.cpus, sample.cpu_khz / 1000)};
}

} // namespace bulkhead::cli
