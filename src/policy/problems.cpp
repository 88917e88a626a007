#include "policy/problems.hpp"

#include <algorithm>

namespace bulkhead::policy {

void Problems::error(unsigned line, std::string text) {
    if (errors_.size() < kept_max) {
        errors_.push_back({line, std::move(text)});
    } else {
        ++errors_dropped_;
    }
}

void Problems::warning(unsigned line, std::string text) {
    if (warnings_.size() < kept_max) {
        warnings_.push_back({line, std::move(text)});
    } else {
        ++warnings_dropped_;
    }
}

std::vector<Problem> Problems::sorted(std::vector<Problem> problems, std::size_t dropped) {
    std::stable_sort(problems.begin(), problems.end(),
                     [](const Problem& a, const Problem& b) { return a.line < b.line; });
    if (dropped > 0) problems.push_back({0, "and " + std::to_string(dropped) + " more"});
    return problems;
}

std::string format(const Problem& problem, const std::string& source) {
    return source + (problem.line == 0 ? "" : ":" + std::to_string(problem.line)) + ": " + problem.text;
}

} // namespace bulkhead::policy
