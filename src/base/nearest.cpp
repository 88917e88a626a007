#include "base/nearest.hpp"

#include <algorithm>
#include <numeric>

namespace bulkhead {
namespace {

constexpr std::size_t longest = 64;

// Levenshtein (1966), with the swap of two neighbours as one slip.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before, last(b.size() + 1), now(b.size() + 1);
    std::iota(last.begin(), last.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        now[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = std::min(now[j], before[j - 2] + 1);
        }
        before = last;
        std::swap(last, now);
    }
    return last[b.size()];
}

} // namespace

std::optional<std::string> nearest(std::string_view typed, const std::vector<std::string>& words) {
    std::optional<std::string> best;
    if (typed.empty() || typed.size() > longest) return best;
    std::size_t limit = std::max<std::size_t>(1, typed.size() / 3) + 1;
    for (const std::string& word : words) {
        if (word.size() > longest) continue;
        const std::size_t d = distance(typed, word);
        if (d < limit) {
            limit = d;
            best = word;
        }
    }
    return best;
}

std::string did_you_mean(std::string_view typed, const std::vector<std::string>& words) {
    const auto near = nearest(typed, words);
    return near ? "; did you mean '" + *near + "'?" : "";
}

} // namespace bulkhead
