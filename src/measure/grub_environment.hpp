// GRUB's variables and what words become with them. Pure.
// Source: GRUB manual, "Environment variables" and "Shell-like scripting"; script/execute.c and script/argv.c of 2.06.
#pragma once

#include "base/result.hpp"
#include "measure/grub_script.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::measure::grub {

class Environment {
public:
    Environment() : contexts_(1) {}

    [[nodiscard]] std::optional<std::string> get(const std::string& name) const;
    void set(const std::string& name, const std::string& value);
    void unset(const std::string& name) { contexts_.back().erase(name); }
    void mark_exported(const std::string& name);

    // A submenu or another configuration file sees exported variables only, and what it changes is lost afterwards.
    void open_context();
    void close_context() { contexts_.pop_back(); }

    // $1, $#, $@, $*: of the function or menu entry that runs; nullopt outside.
    std::optional<std::vector<std::string>> parameters;

private:
    struct Variable {
        std::string value;
        bool exported = false;
        bool is_set = false; // export of an unset name is remembered
    };
    std::vector<std::map<std::string, Variable>> contexts_;
};

// Arguments of a command, after expansion and the removal of quotes. `globs`: whether GRUB would expand * and ?, which
// nobody can predict from here: an error then, and when they are longer than `room`, from which they are taken:
// functions and loops can double a text with each command.
Result<std::vector<std::string>> expand(const std::vector<Word>& words, const std::optional<std::string>& block,
                                        const Environment& environment, bool globs, std::size_t& room);

// The GRUB environment block, 1024 bytes by default: "# GRUB Environment Block\n", NAME=VALUE lines with backslashes
// before backslashes and newlines, padded with '#' (lib/envblk.c). An error when the first line is not that.
Result<std::map<std::string, std::string>> parse_environment_block(std::string_view bytes);

} // namespace bulkhead::measure::grub
