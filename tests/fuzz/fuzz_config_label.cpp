// The line of a label in a configuration: what is added is found again, what is taken out is gone, and nothing else
// changes.
#include "policy/config_label.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using namespace bulkhead;

namespace {

void expect(bool holds) {
    if (!holds) std::abort();
}

// `changed` is `text` with marks of comments added.
bool only_comments(std::string_view text, std::string_view changed) {
    std::size_t at = 0;
    for (const char c : changed) {
        if (at < text.size() && text[at] == c)
            ++at;
        else if (c != '#')
            return false;
    }
    return at == text.size();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto found = policy::find_config_label(text, "fuzz");
    const auto added = policy::add_config_label(text, "fuzz", "mytest", "A-Bank");
    const auto removed = policy::remove_config_label(text, "fuzz");
    if (!found) {
        expect(!added && !removed);
        return 0;
    }
    if (*found) {
        expect(!added);
        if (!removed) return 0;
        expect(only_comments(text, *removed));
        const auto now = policy::find_config_label(*removed, "fuzz");
        expect(now && !*now);
        return 0;
    }
    expect(!removed);
    if (!added) return 0;
    expect(std::string_view(*added).starts_with(text));
    const auto now = policy::find_config_label(*added, "fuzz");
    expect(now && *now && (**now).label == "A-Bank" && (**now).policy == "mytest");
    const auto again = policy::remove_config_label(*added, "fuzz");
    expect(again && std::string_view(*again).starts_with(text));
    return 0;
}
