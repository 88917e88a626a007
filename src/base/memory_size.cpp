#include "base/memory_size.hpp"

#include "base/text.hpp"

#include <cerrno>

namespace bulkhead {

Result<std::uint64_t> parse_memory_kib(std::string_view text) {
    constexpr std::uint64_t most = std::uint64_t{1} << 40; // KiB
    constexpr std::string_view units = "kmgt";
    const auto wrong = [&] {
        return fail("'" + printable(text, 64) +
                        "' is no amount of memory: write MiB, or a number and b, k, m, g or t (at least 1k, at most "
                        "1024t)",
                    EINVAL);
    };
    std::string_view number = text;
    unsigned shift = 10; // MiB
    bool bytes = false;
    if (!number.empty() && (number.back() < '0' || number.back() > '9')) {
        const char unit = static_cast<char>(number.back() | 0x20); // lower case
        bytes = unit == 'b';
        const std::size_t at = units.find(unit);
        if (!bytes && at == std::string_view::npos) return wrong();
        shift = bytes ? 0 : static_cast<unsigned>(at) * 10;
        number.remove_suffix(1);
    }
    const auto value = parse_unsigned(number, bytes ? most << 10 : most >> shift);
    if (!value) return wrong();
    const std::uint64_t kib = bytes ? *value >> 10 : *value << shift;
    if (kib == 0) return wrong();
    return kib;
}

} // namespace bulkhead
