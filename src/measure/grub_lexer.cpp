#include "measure/grub_lexer.hpp"

#include <algorithm>

namespace bulkhead::measure::grub {
namespace {

bool digit(char c) {
    return c >= '0' && c <= '9';
}
bool name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool ends_word(char c) {
    return std::string_view("{}|&;<> \t\n").find(c) != std::string_view::npos;
}

// Length of the variable name at the front: a name, digits, or one of ? # * @.
std::size_t name_length(std::string_view text) {
    if (text.empty()) return 0;
    if (std::string_view("?#*@").find(text[0]) != std::string_view::npos) return 1;
    const bool number = digit(text[0]);
    if (!number && !name_start(text[0])) return 0;
    const auto end =
        std::find_if_not(text.begin(), text.end(), [&](char c) { return digit(c) || (!number && name_start(c)); });
    return static_cast<std::size_t>(end - text.begin());
}

} // namespace

tl::unexpected<Error> Lexer::error(const std::string& what) const {
    return fail("line " + std::to_string(line_) + ": " + what);
}

void Lexer::skip_blanks() {
    while (at() == ' ' || at() == '\t') ++at_;
    if (at() == '#') at_ = std::min(text_.find('\n', at_), text_.size());
}

Result<Token> Lexer::next() {
    skip_blanks();
    Token token;
    token.begin = at_;
    token.line = line_;
    if (at_ == text_.size()) {
        token.kind = Token::Kind::end;
    } else if (at() == '\n' || at() == ';' || at() == '{' || at() == '}') {
        token.kind = at() == '\n'  ? Token::Kind::newline
                     : at() == ';' ? Token::Kind::semicolon
                     : at() == '{' ? Token::Kind::open
                                   : Token::Kind::close;
        if (at() == '\n') ++line_;
        if (at() == ';' && at(1) == ';') return error("';;' is no GRUB syntax here");
        ++at_;
    } else if (ends_word(at())) {
        return error(std::string("'") + at() + "' is no GRUB syntax");
    } else {
        token.kind = Token::Kind::word;
        TRY(read_word(token));
    }
    token.end = at_;
    token.raw = text_.substr(token.begin, token.end - token.begin);
    return token;
}

bool Lexer::read_variable(Word& word, Piece::Kind kind) {
    const bool braces = at(1) == '{';
    const std::size_t begin = at_ + (braces ? 2 : 1);
    const std::size_t length = begin < text_.size() ? name_length(text_.substr(begin)) : 0;
    if (length == 0 || (braces && (begin + length >= text_.size() || text_[begin + length] != '}'))) return false;
    word.push_back({kind, std::string(text_.substr(begin, length))});
    at_ = begin + length + (braces ? 1 : 0);
    return true;
}

Status Lexer::read_double_quoted(Word& word, bool translated) {
    const Piece::Kind kind = translated ? Piece::Kind::translated : Piece::Kind::quoted;
    std::string text;
    for (;; ++at_) {
        if (at_ == text_.size()) return error("a double quote is not closed");
        const char c = at();
        if (c == '\n') ++line_;
        if (c == '"') break;
        if (c == '\\' && at(1) == '\n') {
            ++line_;
            ++at_;
        } else if (c == '\\' && (at(1) == '"' || (at(1) == '\\' && !translated) || (at(1) == '$' && !translated))) {
            text.push_back(at(1));
            ++at_;
        } else if (c == '\\' && at(1) == '\\') {
            text.append("\\\\"); // of a translated text: the translation takes it off
            ++at_;
        } else if (c == '$' && !translated) {
            word.push_back({kind, std::move(text)}); // an empty one too: "$x" is a word even when x is empty
            text.clear();
            if (!read_variable(word, Piece::Kind::quoted_variable)) return error("'$' in double quotes needs a name");
            --at_;
        } else {
            text.push_back(c);
        }
    }
    ++at_;
    word.push_back({kind, std::move(text)});
    return {};
}

Status Lexer::read_word(Token& token) {
    std::string text;
    const auto flush = [&] {
        if (!text.empty()) token.word.push_back({Piece::Kind::text, std::move(text)});
        text.clear();
    };
    while (at_ < text_.size() && !ends_word(at())) {
        const char c = at();
        if (c == '\\') {
            if (at_ + 1 == text_.size()) return error("a backslash at the end");
            if (at(1) == '\n')
                ++line_;
            else
                text.append({c, at(1)});
            at_ += 2;
        } else if (c == '\'') {
            flush();
            const std::size_t close = text_.find('\'', at_ + 1);
            if (close == std::string_view::npos) return error("a single quote is not closed");
            const std::string_view quoted = text_.substr(at_ + 1, close - at_ - 1);
            token.word.push_back({Piece::Kind::quoted, std::string(quoted)});
            line_ += static_cast<unsigned>(std::count(quoted.begin(), quoted.end(), '\n'));
            at_ = close + 1;
        } else if (c == '"' || (c == '$' && at(1) == '"')) {
            flush();
            at_ += c == '$' ? 2 : 1;
            TRY(read_double_quoted(token.word, c == '$'));
        } else if (c == '$') {
            flush();
            if (!read_variable(token.word, Piece::Kind::variable)) return error("'$' needs a name behind it");
        } else {
            text.push_back(c);
            ++at_;
        }
    }
    flush();
    return {};
}

} // namespace bulkhead::measure::grub
