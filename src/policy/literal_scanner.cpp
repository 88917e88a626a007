#include "policy/literal_scanner.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace bulkhead::policy {
namespace {

bool is_quote(char c) {
    return c == '\'' || c == '"';
}

} // namespace

void LiteralScanner::skip_space() {
    for (; at_ < text_.size(); ++at_) {
        if (text_[at_] == '#') at_ = std::min(text_.find('\n', at_), text_.size());
        if (at_ == text_.size() || std::string_view(" \t\r\n").find(text_[at_]) == std::string_view::npos) return;
        if (text_[at_] == '\n') ++line_;
    }
}

bool LiteralScanner::take_word(std::string_view word) {
    skip_space();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
}

bool LiteralScanner::take(char mark) {
    return take_word({&mark, 1});
}

Status LiteralScanner::expect(char mark) {
    if (take(mark)) return {};
    return fail(std::string("'") + mark + "' is expected" +
                (at_ == text_.size() ? ", but the file ends" : ", not '" + printable(text_.substr(at_, 1)) + "'"));
}

bool LiteralScanner::at_end() {
    skip_space();
    return at_ == text_.size();
}

Status LiteralScanner::sequence(char close, std::size_t most, const std::function<Status()>& element) {
    for (std::size_t count = 0; !take(close); ++count) {
        if (count == most) return fail("more than " + std::to_string(most) + " elements in one list");
        TRY(element());
        if (take(',')) continue;
        return expect(close);
    }
    return {};
}

Result<Text> LiteralScanner::string(std::size_t most) {
    skip_space();
    if (at_ + 1 < text_.size() && (text_[at_] == 'u' || text_[at_] == 'U') && is_quote(text_[at_ + 1])) ++at_;
    if (at_ == text_.size() || !is_quote(text_[at_])) return fail("a text in quotes is expected");
    const char quote = text_[at_++];
    Text value = {{}, line_};
    for (;;) {
        if (at_ == text_.size() || text_[at_] == '\n') return fail("a text is not closed");
        char c = text_[at_++];
        if (c == quote) return value;
        if (c == '\\') c = TRY(escape());
        value.text += c;
        if (value.text.size() > most) return fail("a text is longer than " + std::to_string(most) + " bytes");
    }
}

Result<char> LiteralScanner::escape() {
    const char c = at_ < text_.size() ? text_[at_++] : '\0';
    if (c == '\\' || c == '\'' || c == '"') return c;
    if (c == 'x' && at_ + 2 <= text_.size()) {
        const int high = hex_digit(text_[at_]), low = hex_digit(text_[at_ + 1]);
        at_ += 2;
        if (high >= 0 && low >= 0) return static_cast<char>(high * 16 + low);
    }
    return fail("a backslash that cannot be part of a name");
}

} // namespace bulkhead::policy
