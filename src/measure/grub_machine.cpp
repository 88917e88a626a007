#include "measure/grub_machine.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace bulkhead::measure::grub {
namespace {

constexpr unsigned deepest = 64;

// Commands of the kernel and of normal.mod: they need no other module.
constexpr std::string_view core_commands[] = {"set",   "unset",    "insmod", "ls",    "export",    "setparams", "shift",
                                              "break", "continue", "return", "clear", "menuentry", "submenu"};

// Every command in which $"..." occurs depends on the catalogue.
bool is_translated(const Command& command) {
    return std::any_of(command.words.begin(), command.words.end(), [](const Word& word) {
        return std::any_of(word.begin(), word.end(),
                           [](const Piece& piece) { return piece.kind == Piece::Kind::translated; });
    });
}

// One level of the variable `default`: up to a '>' that is not doubled.
std::size_t level_end(const std::string& text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '>') continue;
        if (i + 1 < text.size() && text[i + 1] == '>')
            ++i;
        else
            return i;
    }
    return text.size();
}

std::string doubled(const std::string& text) {
    std::string out;
    for (const char c : text) out.append(c == '>' ? 2 : 1, c);
    return out;
}

} // namespace

Machine::Machine(const BootOptions& options, Files& files)
    : options_(options), files_(files), modules_(options.builtin), room_(options.most_bytes) {
    list_.banks = options.banks;
    list_.covers = {8, 9};
    const auto exported = [this](const std::string& name, const std::string& value) {
        environment_.set(name, value);
        environment_.mark_exported(name);
    };
    exported("prefix", options.prefix);
    const std::size_t close = options.prefix.find(')');
    if (options.prefix.starts_with('(') && close != std::string::npos)
        exported("root", options.prefix.substr(1, close - 1));
    const std::size_t dash = options.platform.find('-');
    exported("grub_cpu", options.platform.substr(0, dash));
    exported("grub_platform", dash == std::string::npos ? "" : options.platform.substr(dash + 1));
    // normal/main.c of 2.06
    for (const char* feature :
         {"chainloader_bpb", "ntldr", "platform_search_hint", "default_font_path", "all_video_module", "menuentry_id",
          "menuentry_options", "200_final", "nativedisk_cmd", "timeout_style"})
        exported(std::string("feature_") + feature, "y");
    for (const char* name : {"pager", "color_normal", "color_highlight"}) environment_.mark_exported(name);
    set("color_normal", "light-gray/black");
    set("color_highlight", "black/light-gray");
    for (const auto& [name, value] : options.variables) exported(name, value);
}

Result<EventList> Machine::run() {
    for (const char* module : {"tpm", "normal", "gzio"}) {
        if (!loaded(module))
            return fail(std::string("'builtin' does not name the module ") + module +
                        ": what is measured before it is loaded cannot be told; name all modules of the core image");
    }
    TRY(place(options_.prefix + "/"));
    TRY(read_lists());
    TRY(run_configuration(options_.configuration.empty() ? options_.prefix + "/grub.cfg" : options_.configuration));
    TRY(run_menu(std::move(menu_)));
    return std::move(list_);
}

// read_config_file(): a menu of the caller collects the entries.
Status Machine::run_configuration(const std::string& name) {
    const auto text = TRY(read(name));
    if (!text) return {};
    if (++depth_ > deepest) return fail(name + ": nested more than 64 deep");
    const std::string full = name.starts_with('(') ? name : "(" + environment_.get("root").value_or("") + ")" + name;
    const auto old_file = environment_.get("config_file");
    const auto old_directory = environment_.get("config_directory");
    set("config_file", full);
    set("config_directory", full.substr(0, full.rfind('/')));
    environment_.mark_exported("config_file");
    environment_.mark_exported("config_directory");
    const Script script = TRY(context(parse_script(without_comment_lines(*text)), name));
    for (const Command& command : script) {
        if (booted_) break;
        TRY(context(execute(command), name));
    }
    const auto restore = [this](const char* variable, const std::optional<std::string>& value) {
        if (value)
            set(variable, *value);
        else
            environment_.unset(variable);
    };
    restore("config_file", old_file);
    restore("config_directory", old_directory);
    --depth_;
    return {};
}

Status Machine::run_menu(std::vector<MenuEntry> menu) {
    if (booted_) return {};
    if (menu.empty()) return fail("the configuration boots nothing and has no menu");
    if (!environment_.get("theme").value_or("").empty())
        return fail("the menu has a theme, whose files are not modelled");
    if (!entry_used_ && !options_.entry.empty()) set("default", options_.entry);
    entry_used_ = true;
    const std::string all = environment_.get("default").value_or("");
    std::string wanted = all.substr(0, level_end(all));
    for (std::size_t at = 0; (at = wanted.find(">>")) != std::string::npos;) wanted.erase(at, 1);
    const MenuEntry* chosen = nullptr;
    if (const auto number = parse_unsigned(wanted, 1 << 20)) {
        if (*number < menu.size()) chosen = &menu[*number];
    } else if (wanted.empty()) {
        chosen = &menu[0];
    } else {
        for (const MenuEntry& entry : menu) {
            if (chosen == nullptr && (entry.id == wanted || entry.title == wanted)) chosen = &entry;
        }
    }
    if (chosen == nullptr)
        return fail("no menu entry is called '" + printable(wanted, 80) + "', which `default` asks for; there are " +
                    std::to_string(menu.size()));
    TRY(boot_entry(*chosen, all));
    if (!booted_) return fail("the menu entry '" + printable(chosen->title, 80) + "' boots nothing");
    return {};
}

// grub_menu_execute_entry().
Status Machine::boot_entry(const MenuEntry& entry, const std::string& chosen_by) {
    if (++depth_ > deepest) return fail("menus nested more than 64 deep");
    const auto before = environment_.get("chosen");
    if (entry.submenu) environment_.open_context();
    set("chosen", (before ? *before + ">" : "") + doubled(entry.id));
    environment_.mark_exported("chosen");
    const std::size_t end = level_end(chosen_by);
    if (end + 1 < chosen_by.size())
        set("default", chosen_by.substr(end + 1));
    else
        environment_.unset("default");
    menu_.clear();
    const std::string where = "menu entry '" + printable(entry.title, 80) + "'";
    const Script script = TRY(context(parse_script(entry.source), where));
    environment_.parameters = entry.parameters;
    for (const Command& command : script) {
        if (booted_) break;
        TRY(context(execute(command), where));
    }
    environment_.parameters.reset();
    if (!booted_ && entry.submenu) TRY(run_menu(std::move(menu_)));
    // The implicit boot runs no command, so that nothing is measured.
    if (!kernel_.empty()) booted_ = true;
    --depth_;
    return {};
}

Result<int> Machine::execute(const Script& script) {
    int status = 0;
    for (const Command& command : script) {
        if (breaks_ != 0 || booted_) break;
        status = TRY(execute(command));
        if (returning_) break;
    }
    return status;
}

Result<int> Machine::execute(const Command& command) {
    const std::string where = "line " + std::to_string(command.line);
    if (++steps_ > options_.most_commands)
        return fail(where + ": more than " + std::to_string(options_.most_commands) + " commands run");
    if (++depth_ > 4 * deepest) return fail(where + ": calls nested too deep");
    int status = 0;
    switch (command.kind) {
    case Command::Kind::simple:
        status = TRY(context(execute_simple(command), where));
        break;
    case Command::Kind::choice: {
        status = TRY(execute(command.condition));
        if (!returning_ && !booted_) {
            // The condition is what $? says, which a status of 0 for an unknown command need not be.
            if (environment_.get("?").value_or("0") == "0")
                status = TRY(execute(command.body));
            else
                status = TRY(execute(command.otherwise));
        }
        break;
    }
    case Command::Kind::function:
        functions_[command.name] = std::make_shared<const Script>(command.body);
        --depth_;
        return 0;
    default:
        status = TRY(execute_loop(command));
        break;
    }
    --depth_;
    if (command.kind != Command::Kind::simple) set("?", std::to_string(status));
    return status;
}

Result<int> Machine::execute_loop(const Command& command) {
    int status = 0;
    ++loops_;
    // Whether the loop goes on after a round.
    const auto round = [&]() -> Result<bool> {
        status = TRY(execute(command.body));
        if (continuing_ && breaks_ == 1) breaks_ = 0;
        return !returning_ && !booted_ && breaks_ == 0;
    };
    if (command.kind == Command::Kind::for_each) {
        const Words words = TRY(expand(command.words, std::nullopt, environment_, loaded("regexp"), room_));
        for (const std::string& word : words) {
            set(command.name, word);
            if (!TRY(round())) break;
        }
    } else {
        for (;;) {
            status = TRY(execute(command.condition));
            if (returning_ || booted_ || (command.kind == Command::Kind::loop_until) == (status == 0)) break;
            if (!TRY(round())) break;
        }
    }
    if (breaks_ != 0) --breaks_;
    --loops_;
    return status;
}

Result<int> Machine::call(const Words& arguments, const Script& body) {
    const auto outer = std::exchange(environment_.parameters, Words(arguments.begin() + 1, arguments.end()));
    const unsigned loops = std::exchange(loops_, 0);
    const int status = TRY(execute(body));
    loops_ = loops;
    returning_ = false;
    environment_.parameters = outer;
    return status;
}

Result<int> Machine::execute_simple(const Command& command) {
    if (catalogue_ && is_translated(command))
        return fail("a translated text ($\"...\") while a message catalogue is open: what it becomes is not known");
    Words arguments = TRY(expand(command.words, command.block, environment_, loaded("regexp"), room_));
    if (arguments.empty()) return 0;
    measure_text("grub_cmd: ", join(arguments, " "));
    const bool invert = arguments[0] == "!";
    if (invert) arguments.erase(arguments.begin());
    if (arguments.empty()) return 1;
    int status = TRY(dispatch(arguments, command));
    if (invert) status = status == 0 ? 1 : 0;
    set("?", std::to_string(status));
    return status;
}

// A command, else a function, else an assignment; anything else is an error that GRUB prints before it goes on.
Result<int> Machine::dispatch(const Words& arguments, const Command& command) {
    const std::string& name = arguments[0];
    const auto known = builtins().find(name);
    const auto listed = commands_.find(name);
    if (std::find(std::begin(core_commands), std::end(core_commands), name) == std::end(core_commands)) {
        if (listed == commands_.end()) {
            if (const auto function = functions_.find(name); function != functions_.end()) {
                const auto body = function->second; // the function may define itself anew while it runs
                return call(arguments, *body);
            }
            const std::size_t equals = name.find('=');
            if (equals != std::string::npos) return assign(name.substr(0, equals), name.substr(equals + 1));
            if (!has_command_list_)
                return fail("no " + options_.platform + "/command.lst under $prefix tells whether '" +
                            printable(name, 40) + "' is a command");
            return 1;
        }
        if (!TRY(load_module(listed->second))) return 1;
    }
    if (known == builtins().end())
        return fail("the command '" + printable(name, 40) + "' is not modelled: what it opens or sets is not known");
    if ((name == "menuentry" || name == "submenu") && !command.block)
        return fail(name + " without a block in braces is not modelled");
    return (this->*known->second)(arguments);
}

Result<int> Machine::assign(const std::string& name, const std::string& value) {
    if (name.empty() || name == "#" || name == "*" || name == "@" || (name[0] >= '0' && name[0] <= '9')) return 1;
    set(name, value);
    if (name == "prefix") TRY(read_lists());
    if (name == "prefix" || name == "lang" || name == "locale_dir" || name == "secondary_locale_dir")
        TRY(read_catalogue());
    return 0;
}

Result<EventList> predict(const BootOptions& options, Files& files) {
    return Machine(options, files).run();
}

} // namespace bulkhead::measure::grub
