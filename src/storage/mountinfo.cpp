#include "storage/mountinfo.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace bulkhead::storage {
namespace {

// Blanks, tabs, line ends and backslashes are written as \ooo (seq_path() and mangle() in the kernel's fs/).
std::string unescape(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto digit = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '7'; };
        if (text[i] == '\\' && i + 3 < text.size() && text[i + 1] <= '3' && digit(i + 1) && digit(i + 2) &&
            digit(i + 3)) {
            plain += static_cast<char>((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 | (text[i + 3] - '0'));
            i += 3;
        } else {
            plain += text[i];
        }
    }
    return plain;
}

Result<Mount> parse_mount(std::string_view line) {
    const std::vector<std::string_view> fields = split(line, ' ');
    // ID parent major:minor root point options [optional fields] - type source superblock-options
    const auto dash = std::find(fields.begin() + std::min<std::ptrdiff_t>(6, std::ssize(fields)), fields.end(), "-");
    if (fields.end() - dash < 4) return fail("is not a mount");
    const std::vector<std::string_view> numbers = split(fields[2], ':');
    // new_decode_dev() in the kernel: 12 bits and 20 bits.
    const auto major = numbers.size() == 2 ? parse_unsigned(numbers[0], 0xfff) : std::nullopt;
    const auto minor = numbers.size() == 2 ? parse_unsigned(numbers[1], 0xfffff) : std::nullopt;
    if (!major || !minor) return fail("'" + printable(fields[2], 40) + "' is not MAJOR:MINOR");
    Mount mount;
    mount.major = static_cast<unsigned>(*major);
    mount.minor = static_cast<unsigned>(*minor);
    mount.point = unescape(fields[4]);
    mount.type = unescape(dash[1]);
    mount.source = unescape(dash[2]);
    const std::vector<std::string_view> options = split(dash[3], ',');
    mount.writes = std::find(options.begin(), options.end(), "ro") == options.end();
    return mount;
}

} // namespace

Result<std::vector<Mount>> parse_mountinfo(std::string_view text) {
    if (text.size() > mountinfo_size_max) return fail("mountinfo: too long");
    std::vector<Mount> mounts;
    std::size_t number = 0;
    for (const std::string_view line : split(text, '\n')) {
        ++number;
        if (line.empty()) continue;
        mounts.push_back(TRY(context(parse_mount(line), "mountinfo, line " + std::to_string(number))));
    }
    return mounts;
}

Result<std::vector<std::string>> parse_swaps(std::string_view text) {
    std::vector<std::string> names;
    std::size_t number = 0;
    for (const std::string_view line : split(text, '\n')) {
        if (++number == 1 || line.empty()) continue; // the first line is the table's head
        const std::vector<std::string_view> fields = words(line);
        if (fields.size() < 5) return fail("swaps, line " + std::to_string(number) + ": is not a swap area");
        names.push_back(unescape(fields[0]));
    }
    return names;
}

} // namespace bulkhead::storage
