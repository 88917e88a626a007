#include "domain/local_counters.hpp"

#include "base/file.hpp"
#include "base/text.hpp"

#include <array>
#include <filesystem>
#include <optional>
#include <utility>

namespace bulkhead::domain {
namespace {

using Pair = std::pair<unsigned, unsigned>;

// "3.0" or "3-51712" behind a prefix.
std::optional<Pair> parse_pair(std::string_view text, std::string_view prefix, char mark) {
    if (text.substr(0, prefix.size()) != prefix) return std::nullopt;
    text.remove_prefix(prefix.size());
    const std::size_t at = text.find(mark);
    if (at == std::string_view::npos) return std::nullopt;
    const auto first = parse_unsigned(text.substr(0, at), UINT32_MAX);
    const auto second = parse_unsigned(text.substr(at + 1), UINT32_MAX);
    if (!first || !second) return std::nullopt;
    return Pair{static_cast<unsigned>(*first), static_cast<unsigned>(*second)};
}

std::optional<std::uint64_t> read_number(const std::string& file) {
    const auto text = read_file(file, 256);
    return text ? parse_unsigned(trim(*text)) : std::nullopt;
}

} // namespace

std::vector<VifCounters> parse_vif_counters(std::string_view text) {
    // Columns after the colon, eight for each direction: net/core/net-procfs.c of Linux.
    constexpr std::size_t columns = 16, sent = 8;
    std::vector<VifCounters> counters;
    for (const std::string_view line : split(text, '\n')) {
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        const auto id = parse_pair(trim(line.substr(0, colon)), "vif", '.');
        if (!id) continue;
        std::array<std::uint64_t, columns> numbers{};
        const auto parts = words(line.substr(colon + 1));
        if (parts.size() < columns) continue;
        bool whole = true;
        for (std::size_t i = 0; i < columns; ++i) {
            const auto number = parse_unsigned(parts[i]);
            whole = whole && number;
            numbers[i] = number.value_or(0);
        }
        if (!whole) continue;
        counters.push_back({id->first, id->second, numbers[0], numbers[1], numbers[2], numbers[3], numbers[sent],
                            numbers[sent + 1], numbers[sent + 2], numbers[sent + 3]});
    }
    return counters;
}

std::vector<DiskCounters> disk_counters(const std::string& folder) {
    std::vector<DiskCounters> counters;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const auto id = parse_pair(entry.path().filename().string(), "vbd-", '-');
        if (!id) continue;
        const std::string files = entry.path().string() + "/statistics/";
        const auto full = read_number(files + "oo_req"), reads = read_number(files + "rd_req"),
                   writes = read_number(files + "wr_req"), read = read_number(files + "rd_sect"),
                   written = read_number(files + "wr_sect");
        DiskCounters& disk = counters.emplace_back();
        disk.domain = id->first;
        disk.device = id->second;
        disk.known = full && reads && writes && read && written;
        if (!disk.known) continue;
        disk.out_of_requests = *full;
        disk.reads = *reads;
        disk.writes = *writes;
        disk.read_sectors = *read;
        disk.written_sectors = *written;
    }
    return counters;
}

} // namespace bulkhead::domain
