#include "storage/size.hpp"

#include "base/text.hpp"

#include <cctype>
#include <cerrno>

namespace bulkhead::storage {
namespace {

constexpr std::uint64_t sector = 512;
constexpr std::uint64_t disk_size_max = std::uint64_t{1} << 62;
constexpr std::string_view letters = "KMGTP";

} // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
    const auto wrong = [&] {
        return fail("'" + printable(text, 40) + "' is not a size such as 10G, 512M or 1.5T", EINVAL);
    };
    const std::size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
    std::string_view unit = text.substr(end);
    std::uint64_t scale = 1;
    if (!unit.empty()) {
        const std::size_t power = letters.find(static_cast<char>(std::toupper(static_cast<unsigned char>(unit[0]))));
        if (power == std::string_view::npos) return wrong();
        unit.remove_prefix(1);
        if (!unit.empty() && unit != "iB") return wrong();
        scale = std::uint64_t{1} << (10 * (power + 1));
    }
    const auto parts = split(text.substr(0, end), '.');
    const auto number = parse_unsigned(parts[0], disk_size_max / scale);
    if (!number || parts.size() > 2) return wrong();
    std::uint64_t bytes = *number * scale;
    if (parts.size() == 2) {
        if (scale == 1 || parts[1].empty() || parts[1].size() > 3) return wrong(); // no parts of a byte
        std::uint64_t weight = 1;
        for (std::size_t i = 0; i < parts[1].size(); ++i) weight *= 10;
        bytes += parse_unsigned(parts[1]).value_or(0) * scale / weight;
    }
    bytes = (bytes + sector - 1) / sector * sector;
    if (bytes == 0 || bytes > disk_size_max) return wrong();
    return bytes;
}

std::string size_text(std::uint64_t bytes) {
    for (std::size_t power = letters.size(); power > 0; --power) {
        const std::uint64_t scale = std::uint64_t{1} << (10 * power);
        if (bytes < scale) continue;
        const std::uint64_t tenths = bytes % scale * 10 / scale;
        return std::to_string(bytes / scale) + (tenths == 0 ? "" : "." + std::to_string(tenths)) + letters[power - 1];
    }
    return std::to_string(bytes) + "B";
}

} // namespace bulkhead::storage
