#include "policy/config_label.hpp"

#include "base/text.hpp"
#include "config/access_control.hpp"
#include "policy/names.hpp"

#include <algorithm>
#include <cerrno>
#include <vector>

namespace bulkhead::policy {
namespace {

constexpr std::string_view key_name = "access_control";
constexpr unsigned depth_max = 32;
constexpr std::string_view not_a_config = "Invalid configuration file.";

bool starts_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool in_name(char c) {
    return starts_name(c) || (c >= '0' && c <= '9') || c == '.';
}
bool opens_text(char c) {
    return c == '\'' || c == '"';
}

// KEY = VALUE at a place where a statement may begin. Offsets are into the text.
struct Statement {
    std::string_view key;
    std::size_t start = 0, value = 0, end = 0; // of the key, of the value, behind the value
    unsigned line = 0;
    bool alone = true; // nothing but white space and a comment beside it on its lines
};

// Cuts a file into statements by what xl.cfg(5) and Python have in common: comments, texts in quotes, brackets. What is
// not KEY = VALUE, as Python's other statements, is passed over with the same care.
class Cutter {
public:
    Cutter(std::string_view text, const std::string& source) : text_(text), source_(source) {}

    Result<std::vector<Statement>> run() {
        if (text_.size() > config_file_max || text_.find('\0') != std::string_view::npos)
            return fail(source_ + ": " + std::string(not_a_config));
        std::vector<Statement> all;
        while (at_ < text_.size()) {
            const bool first = only_space_before();
            skip_blank();
            Statement statement{{}, at_, 0, 0, line_, first};
            while (at_ < text_.size() && in_name(text_[at_])) ++at_;
            statement.key = text_.substr(statement.start, at_ - statement.start);
            skip_blank();
            const bool assigns =
                !statement.key.empty() && starts_name(statement.key[0]) && peek() == '=' && peek(1) != '=';
            if (statement.key == key_name && !assigns && peek() == '+')
                return error(line_, "access_control takes its value by '=' alone");
            if (assigns) ++at_;
            skip_blank();
            statement.value = at_;
            statement.end = TRY(pass_value());
            if (peek() == ';') {
                ++at_;
                statement.alone = statement.alone && only_space_behind();
            }
            if (assigns) all.push_back(statement);
        }
        return all;
    }

    [[nodiscard]] tl::unexpected<Error> error(unsigned line, const std::string& what, int code = 0) const {
        return fail(source_ + ":" + std::to_string(line) + ": " + what, code);
    }

private:
    [[nodiscard]] char peek(std::size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }
    [[nodiscard]] static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\f'; }
    void skip_blank() {
        while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    }
    [[nodiscard]] bool only_space_before() const {
        std::size_t before = at_;
        while (before > 0 && is_blank(text_[before - 1])) --before;
        return before == 0 || text_[before - 1] == '\n';
    }
    [[nodiscard]] bool only_space_behind() const {
        std::size_t behind = at_;
        while (behind < text_.size() && is_blank(text_[behind])) ++behind;
        return behind == text_.size() || text_[behind] == '\n' || text_[behind] == '#';
    }

    // Goes to the line's end, or to a ';', outside of texts and brackets; the value's end is behind its last byte.
    Result<std::size_t> pass_value() {
        unsigned depth = 0;
        const unsigned begin = line_;
        std::size_t end = at_;
        for (; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (c == '#') at_ = std::min(text_.find('\n', at_), text_.size()) - 1;
            if (c == '#' || is_blank(c)) continue;
            if (c == '\n') {
                ++line_;
                if (depth > 0) continue;
                ++at_;
                return end;
            }
            if (c == ';' && depth == 0) return end;
            if (c == '\\' && (peek(1) == '\n' || (peek(1) == '\r' && peek(2) == '\n'))) { // the line goes on
                at_ += peek(1) == '\n' ? 1 : 2;
                ++line_;
                continue;
            }
            if (opens_text(c)) {
                TRY(pass_text());
            } else if (c == '[' || c == '(' || c == '{') {
                if (++depth > depth_max) return error(line_, "brackets are nested too deep");
            } else if (c == ']' || c == ')' || c == '}') {
                if (depth-- == 0) return error(line_, std::string("'") + c + "' closes nothing");
            }
            end = at_ + 1;
        }
        if (depth > 0) return error(begin, "a bracket is not closed");
        return end;
    }

    // From the opening quote to the closing one. Texts of xl have no escapes and those of Python do, so a backslash
    // before a quote could mean two things.
    Status pass_text() {
        const char quote = text_[at_];
        const std::size_t length = peek(1) == quote && peek(2) == quote ? 3 : 1; // Python's """ goes over lines
        const unsigned begin = line_;
        for (at_ += length; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (c == '\\' && peek(1) == quote)
                return error(line_, "a backslash before a quote: xl and Python would read it differently");
            if (c == '\n') {
                if (length == 1) break;
                ++line_;
            }
            if (c != quote || (length == 3 && (peek(1) != quote || peek(2) != quote))) continue;
            at_ += length - 1;
            return {};
        }
        return error(begin, "a text is not closed");
    }

    std::string_view text_;
    const std::string& source_;
    std::size_t at_ = 0;
    unsigned line_ = 1;
};

// The texts of a list of texts, or of a text alone; nullopt: it is something else. The Cutter has passed over it, so
// that texts are closed.
std::optional<std::vector<std::string_view>> texts_of(std::string_view value) {
    std::vector<std::string_view> texts;
    const auto skip = [&] {
        for (value = trim(value); value.starts_with('#'); value = trim(value))
            value.remove_prefix(std::min(value.find('\n'), value.size()));
    };
    const auto take = [&](char mark) {
        skip();
        if (!value.starts_with(mark)) return false;
        value.remove_prefix(1);
        return true;
    };
    const bool list = take('[');
    for (bool more = true; more && !(list && take(']')); more = list && (take(',') || value.starts_with(']'))) {
        skip();
        const std::size_t end =
            value.empty() || !opens_text(value[0]) ? std::string_view::npos : value.find(value[0], 1);
        if (end == std::string_view::npos) return std::nullopt;
        texts.push_back(value.substr(1, end - 1));
        value.remove_prefix(end + 1);
    }
    skip();
    if (!value.empty()) return std::nullopt;
    return texts;
}

Result<ConfigLabel> read_entry(const Cutter& cutter, std::string_view value, unsigned line) {
    const auto texts = texts_of(value);
    const auto wrong = [&] {
        return cutter.error(line, "Invalid access_control specifier: " + printable(value, 256) +
                                      "; it is ['policy=NAME,label=LABEL']");
    };
    if (texts && texts->size() > 1) return cutter.error(line, "VM config error: Multiple access_control definitions!");
    if (!texts || texts->empty()) return wrong();
    const auto label = config::parse_access_control(texts->front());
    if (!label) return cutter.error(line, label.error().message);
    ConfigLabel made{label->policy, label->label, label->version, line};
    const auto with_line = [&](const Status& status) -> Status {
        if (!status) return cutter.error(line, status.error().message);
        return {};
    };
    TRY(with_line(check_policy_name(made.policy)));
    TRY(with_line(check_label_name(made.label)));
    return made;
}

struct Found {
    std::optional<ConfigLabel> entry;
    Statement statement;
};

// A file must look like a domain's configuration, so that no disk image is edited: it sets a name, and something to
// boot or a size. (xm wanted three of kernel, bootloader, memory and name, which no HVM guest of today has.)
Result<Found> find(std::string_view text, const std::string& source) {
    Cutter cutter(text, source);
    const std::vector<Statement> all = TRY(cutter.run());
    const auto has = [&](std::string_view key) {
        return std::any_of(all.begin(), all.end(), [key](const Statement& s) { return s.key == key; });
    };
    if (!has("name") || !(has("kernel") || has("bootloader") || has("memory") || has("type") || has("builder")))
        return fail(source + ": " + std::string(not_a_config) + " It sets no name, or neither kernel nor memory");
    Found found;
    for (const Statement& statement : all) {
        if (statement.key != key_name) continue;
        if (found.entry)
            return cutter.error(statement.line, "VM config error: Multiple access_control definitions! The first is "
                                                "in line " +
                                                    std::to_string(found.entry->line));
        found.entry =
            TRY(read_entry(cutter, text.substr(statement.value, statement.end - statement.value), statement.line));
        found.statement = statement;
    }
    return found;
}

} // namespace

Result<std::optional<ConfigLabel>> find_config_label(std::string_view text, const std::string& source) {
    return TRY(find(text, source)).entry;
}

Result<std::string> add_config_label(std::string_view text, const std::string& source, const std::string& policy,
                                     const std::string& label) {
    TRY(check_policy_name(policy));
    TRY(check_label_name(label));
    if (TRY(find(text, source)).entry) return fail("Config file '" + source + "' is already labeled.", EEXIST);
    const std::string line_end = text.find("\r\n") != std::string_view::npos ? "\r\n" : "\n";
    std::string next(text);
    if (!next.ends_with('\n')) next += line_end;
    next += std::string(key_name) + " = ['policy=" + policy + ",label=" + label + "']" + line_end;
    if (next.size() > config_file_max) return fail(source + ": " + std::string(not_a_config) + " It is too long");
    // A last line that goes on, by a backslash, would have swallowed it.
    const auto now = find(next, source);
    if (!now || !now->entry || now->entry->label != label || now->entry->policy != policy)
        return fail(source + ": its last line does not end where the file ends; end it first");
    return next;
}

Result<std::string> remove_config_label(std::string_view text, const std::string& source) {
    const Found found = TRY(find(text, source));
    if (!found.entry) return fail("Domain not labeled", ENOENT);
    if (!found.statement.alone)
        return fail(source + ":" + std::to_string(found.statement.line) +
                    ": something else stands on the line of access_control; give it a line of its own first");
    std::size_t start = found.statement.start;
    while (start > 0 && text[start - 1] != '\n') --start;
    std::string next(text.substr(0, start));
    std::size_t at = start;
    while (at < found.statement.end) {
        const std::size_t line_end = std::min(text.find('\n', at), text.size() - 1) + 1;
        next += '#';
        next += text.substr(at, line_end - at);
        at = line_end;
    }
    return next.append(text.substr(at));
}

} // namespace bulkhead::policy
