#include "host/sh_assignments.hpp"

#include "base/text.hpp"
#include "host/sh_word.hpp"

#include <algorithm>

namespace bulkhead::host {
namespace {

// Between two commands.
enum class Join { next, maybe }; // maybe: &&, || and |, so that what follows need not happen, or not in this shell

class Script {
public:
    Script(std::string_view text, const std::string& source, ShellVariables& variables)
        : variables_(variables), reader_(text, source, variables), source_(source) {}

    Status run() {
        while (!reader_.end() && !ended_) {
            reader_.skip_blanks();
            if (reader_.end()) break;
            const char c = reader_.peek();
            if (std::string_view("\n;&|()<>").find(c) != std::string_view::npos) {
                TRY(mark(c));
                continue;
            }
            ShellWord word = TRY(reader_.word());
            if (word.text.empty() && word.plain && word.known) continue; // only a continued line
            for (const std::string& name : reader_.take_defaulted()) forget(name, word.line);
            if (skip_word_) {
                if (skip_word_ == '<') here_.push_back(word.text);
                skip_word_ = 0;
                continue;
            }
            command_.push_back(std::move(word));
        }
        finish(false);
        if (!open_.empty()) note(reader_.line(), "'" + open_.back() + "' is not closed");
        return {};
    }

private:
    // One of the characters that end a word without being blank.
    Status mark(char c) {
        reader_.take();
        switch (c) {
        case '\n':
            finish(false);
            TRY(here_documents());
            return {};
        case ';':
            if (reader_.peek() == ';') reader_.take();
            finish(false);
            return {};
        case '&':
        case '|': {
            const bool twice = reader_.peek() == c;
            if (twice) reader_.take();
            finish(!twice); // "A=1 &" and "A=1 | x" set A in another process
            join_ = twice || c == '|' ? Join::maybe : Join::next;
            return {};
        }
        case '(':
            if (!command_.empty()) note(reader_.line(), "defines a function");
            command_.clear();
            open_.emplace_back("(");
            return {};
        case ')': // also behind a pattern of `case`
            finish(false);
            if (!open_.empty() && open_.back() == "(") open_.pop_back();
            return {};
        default: // < and >
            if (c == '<' && reader_.peek() == '<') {
                reader_.take();
                here_strips_tabs_ = reader_.peek() == '-';
                if (here_strips_tabs_) reader_.take();
                skip_word_ = '<';
                return {};
            }
            while (std::string_view("<>&|").find(reader_.peek()) != std::string_view::npos && !reader_.end())
                reader_.take();
            skip_word_ = '>';
            return {};
        }
    }

    Status here_documents() {
        for (const std::string& limit : here_) {
            for (;;) {
                if (reader_.end())
                    return fail(reader_.where() + ": a here-document has no end '" + printable(limit, 40) + "'");
                std::string_view text = reader_.take_line();
                while (here_strips_tabs_ && text.starts_with('\t')) text.remove_prefix(1);
                if (text == limit) break;
            }
        }
        here_.clear();
        return {};
    }

    void note(unsigned line, const std::string& text) {
        constexpr std::size_t notes_max = 64;
        if (variables_.notes.size() < notes_max) variables_.notes.push_back(reader_.where(line) + ": " + text);
    }

    void set(const std::string& name, ShellValue value, unsigned line) {
        variables_.values[name] = value;
        variables_.history.push_back({name, std::move(value), source_, line});
    }
    void forget(const std::string& name, unsigned line) { set(name, {"", false}, line); }

    // Takes if, then, { and their like from the front of a command.
    void reserved_words() {
        while (!command_.empty() && command_.front().plain) {
            const std::string word = command_.front().text;
            if (word == "for" && command_.size() > 1) forget(command_[1].text, command_[1].line);
            if (word == "for" || word == "case") {
                open_.push_back(word);
                command_.clear();
                return;
            }
            if (word == "if" || word == "while" || word == "until" || word == "{") {
                open_.push_back(word);
            } else if (word == "fi" || word == "done" || word == "esac" || word == "}") {
                if (!open_.empty()) open_.pop_back();
            } else if (word != "then" && word != "else" && word != "elif" && word != "do" && word != "!") {
                return;
            }
            command_.erase(command_.begin());
        }
    }

    // The command that has been read, now that its end is seen. `aside`: it runs in a process of its own.
    void finish(bool aside) {
        const bool certain_before = join_ == Join::next;
        const bool something = !command_.empty();
        reserved_words();
        const bool certain = certain_before && !aside && open_.empty();
        if (!command_.empty()) execute(certain);
        command_.clear();
        if (something) join_ = Join::next;
    }

    void execute(bool certain) {
        std::size_t first = 0;
        while (first < command_.size() && command_[first].equals != ShellWord::npos) ++first;
        if (first == command_.size()) {
            assign(0, certain);
            return;
        }
        // An assignment before a command lasts for the command only, unless it is one of the shell's own.
        for (std::size_t i = 0; i < first; ++i) forget(name_of(command_[i]), command_[i].line);
        const ShellWord& command = command_[first];
        const std::string& name = command.text;
        if (name == "export" || name == "readonly") {
            for (std::size_t i = first + 1; i < command_.size(); ++i) {
                if (command_[i].equals == ShellWord::npos) continue;
                // Shells differ about what they split here.
                assign_one(command_[i], certain && command_[i].used.empty());
            }
        } else if (name == "unset") {
            for (std::size_t i = first + 1; i < command_.size(); ++i) remove(command_[i], certain);
        } else if (name == "return" || name == "exit") {
            if (certain) ended_ = true;
            note(command.line, "'" + name + "' ends the file here" + (certain ? "" : ", if it is reached"));
        } else if (const std::size_t plus = name.find("+=");
                   command.plain && is_shell_name(name.substr(0, plus)) && plus != std::string::npos) {
            note(command.line, "'" + printable(name, 40) + "' is no assignment in sh; write NAME=\"$NAME ...\"");
        } else if (!command.known || name == "." || name == "source" || name == "eval" || name == "read") {
            note(command.line, "runs '" + printable(name, 40) + "', which may set variables");
        }
    }

    static std::string name_of(const ShellWord& word) { return word.text.substr(0, word.equals); }

    void assign(std::size_t from, bool certain) {
        std::vector<std::string> before; // shells differ about whether "A=1 B=$A" sees the new A
        for (std::size_t i = from; i < command_.size(); ++i) {
            const bool clear = std::none_of(before.begin(), before.end(),
                                            [&](const std::string& name) { return command_[i].used.contains(name); });
            before.push_back(name_of(command_[i]));
            assign_one(command_[i], certain && clear);
        }
    }

    void assign_one(const ShellWord& word, bool certain) {
        if (certain)
            set(name_of(word), {word.text.substr(word.equals + 1), word.known}, word.line);
        else
            forget(name_of(word), word.line);
    }

    void remove(const ShellWord& word, bool certain) {
        if (!certain || !word.known) {
            forget(word.text, word.line);
            return;
        }
        variables_.history.push_back({word.text, {}, source_, word.line});
        variables_.values.erase(word.text);
    }

    ShellVariables& variables_;
    ShellReader reader_;
    const std::string& source_;
    std::vector<ShellWord> command_;
    std::vector<std::string> open_; // what stands around the command: if, {, (, ...
    std::vector<std::string> here_; // ends of the here-documents that begin behind this line
    bool here_strips_tabs_ = false;
    char skip_word_ = 0; // '<', '>': the next word belongs to a redirection
    bool ended_ = false;
    Join join_ = Join::next;
};

} // namespace

ShellValue ShellVariables::get(std::string_view name) const {
    const auto found = values.find(name);
    if (found != values.end()) return found->second;
    return {"", name.starts_with("GRUB_")};
}

Status read_assignments(std::string_view text, const std::string& source, ShellVariables& variables) {
    if (text.size() > script_size_max)
        return fail(source + ": larger than " + std::to_string(script_size_max >> 10) + " KiB");
    if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos)
        return fail(
            source + ":" +
            std::to_string(1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(nul), '\n')) +
            ": a NUL byte; this is a text file");
    return Script(text, source, variables).run();
}

} // namespace bulkhead::host
