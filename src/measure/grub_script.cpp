#include "measure/grub_script.hpp"

#include "measure/grub_lexer.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace bulkhead::measure::grub {
namespace {

constexpr unsigned deepest_nesting = 64;
constexpr std::string_view reserved[] = {"[[",  "]]", "case", "do",     "done", "elif",  "else",  "esac",    "fi",
                                         "for", "if", "in",   "select", "then", "until", "while", "function"};

class Parser {
public:
    explicit Parser(std::string_view text) : text_(text), lexer_(text) {}

    Result<Script> script() {
        TRY(advance());
        Script script;
        for (;;) {
            TRY(skip_newlines());
            if (is(Token::Kind::end)) return script;
            if (is_reserved("function"))
                script.push_back(TRY(function()));
            else
                script.push_back(TRY(command()));
            if (is(Token::Kind::end)) return script;
            TRY(delimiter());
        }
    }

private:
    Status advance() {
        token_ = TRY(lexer_.next());
        return {};
    }
    [[nodiscard]] bool is(Token::Kind kind) const { return token_.kind == kind; }
    [[nodiscard]] bool is_reserved(std::string_view word) const { return is(Token::Kind::word) && token_.raw == word; }
    [[nodiscard]] bool is_any_reserved() const {
        return is(Token::Kind::word) &&
               std::find(std::begin(reserved), std::end(reserved), token_.raw) != std::end(reserved);
    }
    [[nodiscard]] tl::unexpected<Error> error(const std::string& expected) const {
        const std::string found = is(Token::Kind::end)       ? "the end"
                                  : is(Token::Kind::newline) ? "the end of the line"
                                                             : "'" + printable(token_.raw, 40) + "'";
        return fail("line " + std::to_string(token_.line) + ": " + expected + " is wanted, not " + found);
    }

    Status skip_newlines() {
        while (is(Token::Kind::newline)) TRY(advance());
        return {};
    }
    Status delimiter() {
        if (!is(Token::Kind::newline) && !is(Token::Kind::semicolon)) return error("';' or a new line");
        return advance();
    }
    Status expect(std::string_view word) {
        if (!is_reserved(word)) return error("'" + std::string(word) + "'");
        return advance();
    }

    // commands1 delimiters1, up to (not over) a reserved word or '}'. Of the latter the delimiter may be missing.
    Result<Script> commands() {
        if (++depth_ > deepest_nesting)
            return fail("line " + std::to_string(token_.line) + ": nested more than 64 deep");
        Script list;
        TRY(skip_newlines());
        for (;;) {
            list.push_back(TRY(command()));
            if (is(Token::Kind::close)) break;
            TRY(delimiter());
            TRY(skip_newlines());
            if (is(Token::Kind::close) || is_any_reserved()) {
                if (is_reserved("if") || is_reserved("for") || is_reserved("while") || is_reserved("until")) continue;
                break;
            }
        }
        --depth_;
        return list;
    }

    Result<Command> command() {
        Command command;
        command.line = token_.line;
        if (is_reserved("if")) {
            TRY(advance());
            TRY(choice(command));
            TRY(expect("fi"));
        } else if (is_reserved("for")) {
            TRY(for_each(command));
        } else if (is_reserved("while") || is_reserved("until")) {
            command.kind = token_.raw == "while" ? Command::Kind::loop_while : Command::Kind::loop_until;
            TRY(advance());
            command.condition = TRY(commands());
            TRY(do_done(command));
        } else {
            TRY(simple(command));
        }
        return command;
    }

    Status simple(Command& command) {
        if (!is(Token::Kind::word) || is_any_reserved()) return error("a command");
        while (is(Token::Kind::word)) {
            command.words.push_back(std::move(token_.word));
            TRY(advance());
        }
        if (!is(Token::Kind::open)) return {};
        const std::size_t begin = token_.end;
        TRY(advance());
        TRY(commands()); // only for its syntax: GRUB parses the text again when it boots the entry
        if (!is(Token::Kind::close)) return error("'}'");
        command.block = std::string(text_.substr(begin, token_.begin - begin));
        return advance();
    }

    // Behind "if" or "elif".
    Status choice(Command& command) {
        command.kind = Command::Kind::choice;
        command.condition = TRY(commands());
        TRY(expect("then"));
        command.body = TRY(commands());
        if (is_reserved("else")) {
            TRY(advance());
            command.otherwise = TRY(commands());
        } else if (is_reserved("elif")) {
            Command inner;
            inner.line = token_.line;
            TRY(advance());
            if (++depth_ > deepest_nesting) return error("fewer than 64 levels");
            TRY(choice(inner));
            --depth_;
            command.otherwise.push_back(std::move(inner));
        }
        return {};
    }

    Result<std::string> name() {
        const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
        const std::string_view raw = token_.raw;
        if (!is(Token::Kind::word) || raw.empty() || !letter(raw[0]) ||
            !std::all_of(raw.begin(), raw.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); }))
            return error("a name");
        std::string text(raw);
        TRY(advance());
        return text;
    }

    Status for_each(Command& command) {
        command.kind = Command::Kind::for_each;
        TRY(advance());
        command.name = TRY(name());
        TRY(expect("in"));
        while (is(Token::Kind::word)) {
            command.words.push_back(std::move(token_.word));
            TRY(advance());
        }
        TRY(delimiter());
        TRY(skip_newlines());
        return do_done(command);
    }

    Status do_done(Command& command) {
        TRY(expect("do"));
        command.body = TRY(commands());
        return expect("done");
    }

    Result<Command> function() {
        Command command;
        command.kind = Command::Kind::function;
        command.line = token_.line;
        TRY(advance());
        command.name = TRY(name());
        TRY(skip_newlines());
        if (!is(Token::Kind::open)) return error("'{'");
        TRY(advance());
        command.body = TRY(commands());
        if (!is(Token::Kind::close)) return error("'}'");
        TRY(advance());
        return command;
    }

    std::string_view text_;
    Lexer lexer_;
    Token token_;
    unsigned depth_ = 0;
};

} // namespace

std::string without_comment_lines(std::string_view file) {
    std::string text;
    for (const std::string_view line : split(file, '\n')) {
        std::string kept;
        std::copy_if(line.begin(), line.end(), std::back_inserter(kept), [](char c) { return c != '\r'; });
        if (!kept.starts_with('#')) text.append(kept).push_back('\n');
    }
    return text;
}

Result<Script> parse_script(std::string_view text) {
    if (text.size() > script_limit)
        return fail("a GRUB script of " + std::to_string(text.size()) + " bytes: at most " +
                    std::to_string(script_limit) + " are read");
    if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos)
        return fail("byte " + std::to_string(nul) + ": a NUL in a GRUB script");
    return Parser(text).script();
}

} // namespace bulkhead::measure::grub
