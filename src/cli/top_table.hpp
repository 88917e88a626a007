// What `top` shows: percentages out of two samples, order, and the text of every line. The columns, their widths and
// their order are xentop(1)'s. Pure.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace bulkhead::cli {

struct TopVif {
    unsigned index = 0;
    std::uint64_t rx_bytes = 0, rx_packets = 0, rx_errors = 0, rx_dropped = 0;
    std::uint64_t tx_bytes = 0, tx_packets = 0, tx_errors = 0, tx_dropped = 0;
};

struct TopVbd {
    unsigned device = 0;
    bool known = false; // the back end counts
    std::uint64_t out_of_requests = 0, reads = 0, writes = 0, read_sectors = 0, written_sectors = 0;
};

struct TopDomain {
    unsigned id = 0, vcpus = 0, ssid = 0;
    std::string name;
    bool dying = false, shutdown = false, blocked = false, crashed = false, paused = false, running = false;
    std::uint64_t cpu_time_ns = 0, memory_kib = 0;
    std::optional<std::uint64_t> max_memory_kib; // nullopt: no limit
    std::vector<TopVif> vifs;
    std::vector<TopVbd> vbds;
    double cpu_percent = 0; // of one processor, since the sample before; 0 without one
};

struct TopSample {
    std::uint64_t clock_us = 0; // a clock that only goes on
    std::string xen_version;
    std::uint64_t total_kib = 0, free_kib = 0, cpu_khz = 0;
    unsigned cpus = 0;
    std::vector<TopDomain> domains;
};

// The daemon's answer.
TopSample read_sample(const nlohmann::json& answer);
// Fills in cpu_percent. A domain that `before` lacks, or whose time has gone back (another one has its id), gets 0.
void compare_samples(TopSample& now, const TopSample& before);
// `answer` with "cpu_percent", "memory_percent" and, with a limit, "max_memory_percent" for each domain.
nlohmann::json with_percentages(nlohmann::json answer, const TopSample& sample);

struct TopView {
    std::size_t sort_by = 0;    // a column
    bool full_name = false;     // else the first ten bytes
    bool vifs = false;          // a line for each
    bool vbds = false;          // a line for each
    bool repeat_header = false; // before each domain
    std::size_t first_row = 0;  // how many domains are above the screen
};
std::size_t top_columns();
const char* top_column_name(std::size_t column);

struct TopLine {
    std::string text;
    bool header = false;
};
std::vector<TopLine> top_lines(const TopSample& sample, const TopView& view);
// Three lines above the table. `clock`: the time of day as text.
std::vector<std::string> top_summary(const TopSample& sample, const std::string& clock);

} // namespace bulkhead::cli
