// Tokens of GRUB's script language (script/yylex.l of GRUB 2.06). Private to src/measure.
#pragma once

#include "measure/grub_script.hpp"

namespace bulkhead::measure::grub {

struct Token {
    enum class Kind { end, newline, semicolon, open, close, word };
    Kind kind = Kind::end;
    Word word;
    std::string_view raw; // as written; tells reserved words from quoted ones
    std::size_t begin = 0;
    std::size_t end = 0;
    unsigned line = 0;
};

class Lexer {
public:
    explicit Lexer(std::string_view text) : text_(text) {}
    Result<Token> next();

private:
    void skip_blanks();
    Status read_word(Token& token);
    Status read_double_quoted(Word& word, bool translated);
    // At '$': false when no variable begins here.
    bool read_variable(Word& word, Piece::Kind kind);
    [[nodiscard]] char at(std::size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }
    [[nodiscard]] tl::unexpected<Error> error(const std::string& what) const;

    std::string_view text_;
    std::size_t at_ = 0;
    unsigned line_ = 1;
};

} // namespace bulkhead::measure::grub
