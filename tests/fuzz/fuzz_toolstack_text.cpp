// Texts of others on the host: xenstored's answers about quotas, libxl's list of the domids that it will not use yet.
#include "base/text.hpp"
#include "check.hpp"
#include "xen/domid_history.hpp"
#include "xen/quota.hpp"

#include <algorithm>
#include <cstdint>

using namespace bulkhead;

namespace {

constexpr unsigned most = 1'000'000'000;

void quota(std::string_view text) {
    if (const auto pair = xen::quota_pair(text)) {
        check(pair->used <= most && pair->limit <= most);
        check(xen::quota_pair("dom1 quota: " + std::to_string(pair->used) + "/" + std::to_string(pair->limit)) == pair);
    }
    for (const char* name : {"nodes", "watches", "transaction-nodes"}) {
        const auto number = xen::quota_number(text, name);
        check(number.value_or(0) <= most);
        // Its own line comes first, and the last line is not needed.
        const std::string first = std::string(name) + "  :  7 of them\n";
        check(xen::quota_number(first + std::string(text), name) == 7U);
        if (number) check(xen::quota_number("Quota settings:\n" + std::string(text), name) == number);
    }
}

void history(std::string_view text, unsigned domain) {
    const std::string kept = xen::without_domid(text, domain);
    check(xen::without_domid(kept, domain) == kept);
    check(kept.size() <= text.size() + 1 && (kept.empty() || kept.back() == '\n'));
    // Each line that stays is one of the text, in its order; each that goes is empty or the domain's.
    const auto lines = split(kept, '\n');
    auto next = lines.begin();
    for (const std::string_view line : split(text, '\n')) {
        if (next != lines.end() && *next == line && !line.empty()) {
            ++next;
            continue;
        }
        const auto parts = words(line);
        check(parts.empty() || (parts.size() == 2 && parse_unsigned(parts[1]) == domain));
    }
    check(std::all_of(next, lines.end(), [](std::string_view line) { return line.empty(); }));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > 16384) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
    quota(text);
    history(text, data[0] - unsigned{'0'}); // '5': domain 5
    return 0;
}
