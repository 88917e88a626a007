#include "policy/workloads_wld.hpp"

#include "base/result.hpp"
#include "base/text.hpp"

#include <functional>
#include <set>

namespace bulkhead::policy {
namespace {

// Recursion follows the format's own fixed structure, so that no input can nest deeper than it.
class WldReader {
public:
    explicit WldReader(std::string_view text) : text_(text) {}

    [[nodiscard]] unsigned line() const { return line_; }

    Result<Workloads> run() {
        Workloads workloads;
        if (!take_word("ezpolicy")) return fail("it does not begin with 'ezpolicy = {'; is it a workload definition?");
        TRY(expect('='));
        TRY(expect('{'));
        std::set<std::string> seen;
        TRY(sequence('}', 2, [&]() -> Status {
            const Text key = TRY(string());
            TRY(expect(':'));
            if (!seen.insert(key.text).second) return fail("the key '" + key.text + "' is there twice");
            if (key.text == "orgs") return organisations(workloads);
            if (key.text == "cons") return exclusions(workloads);
            return fail("unknown key '" + printable(key.text, 64) + "'; only 'orgs' and 'cons' are known");
        }));
        if (seen.size() != 2) return fail("'orgs' or 'cons' is missing");
        skip_space();
        if (at_ != text_.size()) return fail("something follows the definition");
        return workloads;
    }

private:
    Status organisations(Workloads& workloads) {
        TRY(expect('['));
        return sequence(']', organisations_max, [&]() -> Status {
            Organisation organisation;
            TRY(pair(organisation.name, organisation.departments));
            workloads.organisations.push_back(std::move(organisation));
            return {};
        });
    }

    Status exclusions(Workloads& workloads) {
        TRY(expect('['));
        return sequence(']', exclusions_max, [&]() -> Status {
            Exclusion exclusion;
            TRY(pair(exclusion.name, exclusion.types));
            workloads.exclusions.push_back(std::move(exclusion));
            return {};
        });
    }

    // [NAME, [NAME, ...]]
    Status pair(Text& name, std::vector<Text>& list) {
        TRY(expect('['));
        name = TRY(string());
        TRY(expect(','));
        TRY(expect('['));
        TRY(sequence(']', departments_max, [&]() -> Status {
            list.push_back(TRY(string()));
            return {};
        }));
        (void)take(','); // Python allows one before the bracket
        return expect(']');
    }

    // What stands between an opening bracket and `close`, separated by commas.
    Status sequence(char close, std::size_t most, const std::function<Status()>& element) {
        for (std::size_t count = 0; !take(close); ++count) {
            if (count == most) return fail("more than " + std::to_string(most) + " elements in one list");
            TRY(element());
            if (take(',')) continue;
            return expect(close);
        }
        return {};
    }

    // 'x', "x" and the same after u, with Python's backslashes as far as they can make a name.
    Result<Text> string() {
        skip_space();
        if (at_ + 1 < text_.size() && (text_[at_] == 'u' || text_[at_] == 'U') && is_quote(text_[at_ + 1])) ++at_;
        if (at_ == text_.size() || !is_quote(text_[at_])) return fail("a text in quotes is expected");
        const char quote = text_[at_++];
        Text value = {{}, line_};
        for (;;) {
            if (at_ == text_.size() || text_[at_] == '\n') return fail("a text is not closed");
            char c = text_[at_++];
            if (c == quote) break;
            if (c == '\\') c = TRY(escape());
            value.text += c;
            if (value.text.size() > text_max)
                return fail("a text is longer than " + std::to_string(text_max) + " bytes");
        }
        value.text = trim(value.text);
        return value;
    }

    Result<char> escape() {
        const char c = at_ < text_.size() ? text_[at_++] : '\0';
        if (c == '\\' || c == '\'' || c == '"') return c;
        if (c == 'x' && at_ + 2 <= text_.size()) {
            const int high = hex_digit(text_[at_]), low = hex_digit(text_[at_ + 1]);
            at_ += 2;
            if (high >= 0 && low >= 0) return static_cast<char>(high * 16 + low);
        }
        return fail("a backslash that cannot be part of a name");
    }

    static bool is_quote(char c) { return c == '\'' || c == '"'; }

    void skip_space() {
        while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
            if (text_[at_++] == '\n') ++line_;
        }
    }
    bool take_word(std::string_view word) {
        skip_space();
        if (!text_.substr(at_).starts_with(word)) return false;
        at_ += word.size();
        return true;
    }
    bool take(char mark) { return take_word({&mark, 1}); }
    Status expect(char mark) {
        if (take(mark)) return {};
        return fail(std::string("'") + mark + "' is expected" +
                    (at_ == text_.size() ? ", but the file ends" : ", not '" + printable(text_.substr(at_, 1)) + "'"));
    }

    std::string_view text_;
    std::size_t at_ = 0;
    unsigned line_ = 1;
};

} // namespace

Workloads read_wld(std::string_view text, Problems& problems) {
    if (text.size() > wld_max) {
        problems.error(0, "larger than " + std::to_string(wld_max) + " bytes");
        return {};
    }
    WldReader reader(text);
    Result<Workloads> workloads = reader.run();
    if (workloads) return std::move(*workloads);
    problems.error(reader.line(), workloads.error().message);
    return {};
}

} // namespace bulkhead::policy
