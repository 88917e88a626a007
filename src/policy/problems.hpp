// What is wrong with a policy file: collected, so that a person sees everything at once.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace bulkhead::policy {

struct Problem {
    unsigned line = 0; // from 1; 0: the file as a whole
    std::string text;  // one sentence without a full stop
    auto operator<=>(const Problem&) const = default;
};

class Problems {
public:
    // More than this many errors, or warnings, are counted but not kept: a hostile file has as many as it likes.
    static constexpr std::size_t kept_max = 1000;

    void error(unsigned line, std::string text);
    void warning(unsigned line, std::string text);

    // Sorted by line; when some were dropped the last one says how many.
    [[nodiscard]] std::vector<Problem> errors() const { return sorted(errors_, errors_dropped_); }
    [[nodiscard]] std::vector<Problem> warnings() const { return sorted(warnings_, warnings_dropped_); }
    [[nodiscard]] bool none() const { return errors_.empty(); } // warnings do not count

private:
    static std::vector<Problem> sorted(std::vector<Problem> problems, std::size_t dropped);

    std::vector<Problem> errors_, warnings_;
    std::size_t errors_dropped_ = 0, warnings_dropped_ = 0;
};

// "SOURCE:LINE: TEXT", or "SOURCE: TEXT" for the file as a whole.
std::string format(const Problem& problem, const std::string& source);

} // namespace bulkhead::policy
