// LiteralScanner: the pieces of Python's literals, for files that Xen's tools executed and that are read as data here.
// Pure. Who uses it follows a fixed structure of its own, so that no input can nest deeper than that.
#pragma once

#include "base/result.hpp"
#include "policy/document.hpp"

#include <cstddef>
#include <functional>
#include <string_view>

namespace bulkhead::policy {

class LiteralScanner {
public:
    explicit LiteralScanner(std::string_view text) : text_(text) {}

    [[nodiscard]] unsigned line() const { return line_; }

    // Each passes over white space and comments first. Errors have no line; see line().
    bool take(char mark);
    bool take_word(std::string_view word);
    Status expect(char mark);
    // 'x', "x" and the same after u, on one line, with Python's backslashes as far as they can make a name; at most
    // `most` bytes, not trimmed.
    Result<Text> string(std::size_t most);
    // What stands between an opening bracket, which was taken, and `close`: at most `most` elements separated by
    // commas.
    Status sequence(char close, std::size_t most, const std::function<Status()>& element);
    bool at_end();

private:
    void skip_space();
    Result<char> escape();

    std::string_view text_;
    std::size_t at_ = 0;
    unsigned line_ = 1;
};

} // namespace bulkhead::policy
