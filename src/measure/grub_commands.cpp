// The commands of GRUB that a configuration needs to boot: what they set, open and pass on.
#include "measure/grub_machine.hpp"

#include "measure/grub_test_command.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace bulkhead::measure::grub {
namespace {

// Options off the front or from anywhere: "--name=value", "--name value" for those that take one, "-x value".
struct Options {
    std::map<std::string, std::vector<std::string>> given;
    std::vector<std::string> rest;
    [[nodiscard]] bool has(const std::string& name) const { return given.contains(name); }
};
struct OptionShape {
    std::string name;
    char letter;
    enum class Argument { none, wanted, optional } argument;
};

Result<Options> parse_options(const std::vector<std::string>& arguments, const std::vector<OptionShape>& shapes) {
    Options options;
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        const std::string& word = arguments[i];
        if (word == "--") {
            options.rest.insert(options.rest.end(), arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                arguments.end());
            break;
        }
        if (!word.starts_with('-') || word == "-") {
            options.rest.push_back(word);
            continue;
        }
        const std::size_t equals = word.starts_with("--") ? word.find('=') : std::string::npos;
        const std::string name = word.substr(0, equals);
        const auto shape = std::find_if(shapes.begin(), shapes.end(), [&](const OptionShape& each) {
            return name == "--" + each.name || (each.letter != 0 && name == std::string("-") + each.letter);
        });
        if (shape == shapes.end())
            return fail(arguments[0] + ": the option " + printable(word, 60) + " is not modelled");
        auto& values = options.given[shape->name];
        if (equals != std::string::npos) {
            values.push_back(word.substr(equals + 1));
        } else if (shape->argument == OptionShape::Argument::wanted) {
            if (++i == arguments.size()) return fail(arguments[0] + ": " + word + " needs an argument");
            values.push_back(arguments[i]);
        } else {
            values.emplace_back();
        }
    }
    return options;
}
constexpr auto none = OptionShape::Argument::none;
constexpr auto wanted = OptionShape::Argument::wanted;
constexpr auto optional = OptionShape::Argument::optional;

std::vector<std::string> behind(const std::vector<std::string>& arguments, std::size_t count) {
    return {arguments.begin() + static_cast<std::ptrdiff_t>(std::min(count, arguments.size())), arguments.end()};
}

std::string quoted_for_shell(const std::string& text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'')
            out.append("'\\''");
        else
            out.push_back(c);
    }
    return out + "'";
}

} // namespace

std::string loader_command_line(const std::vector<std::string>& arguments) {
    std::string line;
    for (const std::string& argument : arguments) {
        const bool blank = argument.find(' ') != std::string::npos;
        if (!line.empty() || &argument != &arguments.front()) line.push_back(' ');
        if (blank) line.push_back('"');
        for (std::size_t i = 0; i < argument.size(); ++i) {
            const char c = argument[i];
            if (c == '\\' && i + 3 < argument.size() && argument[i + 1] == 'x' && hex_digit(argument[i + 2]) >= 0 &&
                hex_digit(argument[i + 3]) >= 0) {
                line.append(argument, i, 4);
                i += 3;
                continue;
            }
            if (c == '\\' || c == '\'' || c == '"') line.push_back('\\');
            line.push_back(c);
        }
        if (blank) line.push_back('"');
    }
    return line;
}

const std::map<std::string, Machine::Builtin, std::less<>>& Machine::builtins() {
    static const std::map<std::string, Builtin, std::less<>> table = {
        {"set", &Machine::set_command},
        {"unset", &Machine::unset},
        {"export", &Machine::export_command},
        {"setparams", &Machine::set_parameters},
        {"shift", &Machine::shift},
        {"return", &Machine::return_command},
        {"break", &Machine::break_command},
        {"continue", &Machine::break_command},
        {"test", &Machine::test},
        {"[", &Machine::test},
        {"true", &Machine::nothing},
        {"false", &Machine::failure},
        {"echo", &Machine::nothing},
        {"ls", &Machine::nothing},
        {"clear", &Machine::nothing},
        {"sleep", &Machine::nothing},
        {"serial", &Machine::nothing},
        {"background_color", &Machine::nothing},
        {"password", &Machine::nothing},
        {"password_pbkdf2", &Machine::nothing},
        {"terminal_input", &Machine::terminal},
        {"terminal_output", &Machine::terminal},
        {"insmod", &Machine::insmod},
        {"load_env", &Machine::load_env},
        {"save_env", &Machine::save_env},
        {"loadfont", &Machine::load_font},
        {"background_image", &Machine::opens_file},
        {"search", &Machine::search},
        {"search.fs_uuid", &Machine::search_dotted},
        {"search.fs_label", &Machine::search_dotted},
        {"search.file", &Machine::search_dotted},
        {"configfile", &Machine::configfile},
        {"source", &Machine::source},
        {".", &Machine::source},
        {"linux", &Machine::linux_command},
        {"linuxefi", &Machine::linux_command},
        {"initrd", &Machine::initrd},
        {"initrdefi", &Machine::initrd},
        {"multiboot2", &Machine::multiboot2},
        {"module2", &Machine::module2},
        {"chainloader", &Machine::opens_file},
        {"boot", &Machine::boot},
        {"fwsetup", &Machine::firmware_setup},
        {"menuentry", &Machine::menuentry},
        {"submenu", &Machine::menuentry},
    };
    return table;
}

Result<int> Machine::nothing(const Words&) {
    return 0;
}
Result<int> Machine::failure(const Words&) {
    return 1;
}

Result<int> Machine::set_command(const Words& arguments) {
    if (arguments.size() < 2) return 0; // prints
    const std::size_t equals = arguments[1].find('=');
    if (equals == std::string::npos) return 1;
    return assign(arguments[1].substr(0, equals), arguments[1].substr(equals + 1));
}

Result<int> Machine::unset(const Words& arguments) {
    if (arguments.size() < 2) return 1;
    environment_.unset(arguments[1]);
    return 0;
}

Result<int> Machine::export_command(const Words& arguments) {
    for (const std::string& name : behind(arguments, 1)) environment_.mark_exported(name);
    return arguments.size() < 2 ? 1 : 0;
}

Result<int> Machine::set_parameters(const Words& arguments) {
    if (!environment_.parameters) return 1;
    environment_.parameters = behind(arguments, 1);
    return 0;
}

Result<int> Machine::shift(const Words& arguments) {
    const auto count = arguments.size() < 2 ? std::uint64_t{1} : parse_unsigned(arguments[1]).value_or(UINT64_MAX);
    if (!environment_.parameters) return 0;
    if (arguments.size() > 2 || count > environment_.parameters->size()) return 1;
    environment_.parameters = behind(*environment_.parameters, count);
    return 0;
}

Result<int> Machine::return_command(const Words& arguments) {
    if (!environment_.parameters || arguments.size() > 2) return 1;
    const std::string text = arguments.size() == 2 ? arguments[1] : environment_.get("?").value_or("0");
    const auto status = parse_unsigned(text, 255);
    if (!status) return 1;
    returning_ = true;
    return static_cast<int>(*status);
}

Result<int> Machine::break_command(const Words& arguments) {
    const auto count = arguments.size() < 2 ? std::optional<std::uint64_t>(1) : parse_unsigned(arguments[1], 1024);
    if (!count || *count == 0 || arguments.size() > 2) return 1;
    continuing_ = arguments[0] == "continue";
    breaks_ = std::min(static_cast<unsigned>(*count), loops_);
    return 0;
}

Result<int> Machine::test(const Words& arguments) {
    Words words = behind(arguments, 1);
    if (!words.empty() && words.back() == "]") words.pop_back();
    const FileTest file = [this](char question, const std::string& name) -> Result<bool> {
        const auto where = place(name);
        if (!where) return false; // a name that GRUB cannot open either
        const Files::Type type = TRY(files_.type(where->device, where->path));
        if (question == 'd') return type == Files::Type::folder;
        if (question == 'e') return type != Files::Type::none;
        if (question == 'f' || type != Files::Type::file) return type == Files::Type::file;
        const auto content = TRY(read(name)); // -s asks for the size of the open file
        return content && !content->empty();
    };
    return TRY(evaluate_test(words, file)) ? 0 : 1;
}

Result<int> Machine::insmod(const Words& arguments) {
    if (arguments.size() < 2) return 1;
    return TRY(load_module(arguments[1])) ? 0 : 1;
}

Result<int> Machine::load_env(const Words& arguments) {
    const Options options = TRY(parse_options(arguments, {{"file", 'f', wanted}, {"skip-sig", 's', none}}));
    const std::string name =
        options.has("file") ? options.given.at("file").back() : environment_.get("prefix").value_or("") + "/grubenv";
    std::optional<std::string> text;
    if (options.has("skip-sig")) { // the one way to open a file that no verifier sees, the tpm module included
        const Place where = TRY(place(name));
        text = TRY(files_.content(where.device, where.path));
    } else {
        text = TRY(read(name));
    }
    if (!text) return 1;
    for (const auto& [variable, value] : TRY(context(parse_environment_block(*text), name))) {
        const auto& only = options.rest;
        if (!only.empty() && std::find(only.begin(), only.end(), variable) == only.end()) continue;
        TRY(assign(variable, value));
    }
    return 0;
}

// Opens the file with SKIP_SIGNATURE, so that nothing is measured, but it is another file from here on.
Result<int> Machine::save_env(const Words& arguments) {
    const Options options = TRY(parse_options(arguments, {{"file", 'f', wanted}}));
    const std::string name =
        options.has("file") ? options.given.at("file").back() : environment_.get("prefix").value_or("") + "/grubenv";
    const Place where = TRY(place(name));
    if (TRY(files_.type(where.device, where.path)) != Files::Type::file) return 1;
    written_.insert("(" + where.device + ")" + where.path);
    return 0;
}

Result<int> Machine::load_font(const Words& arguments) {
    if (arguments.size() < 2) return 1;
    for (const std::string& name : behind(arguments, 1)) {
        const bool is_path = !name.empty() && std::string_view("(/+").find(name[0]) != std::string_view::npos;
        const std::string file = is_path ? name : environment_.get("prefix").value_or("") + "/fonts/" + name + ".pf2";
        if (!TRY(open(file))) return 1;
    }
    return 0;
}

Result<int> Machine::terminal(const Words& arguments) {
    for (const std::string& name : behind(arguments, 1)) {
        if (name.starts_with("--")) continue;
        const auto found = terminals_.find(name);
        if (found != terminals_.end() && !TRY(load_module(found->second))) return 1;
    }
    return 0;
}

Result<int> Machine::found_by(const std::string& what, const std::string& key, const std::string& variable) {
    const auto found = options_.search.find(what + ":" + key);
    if (found == options_.search.end())
        return fail("which device has the " + what + " '" + printable(key, 80) +
                    "' is not known: name it in 'search' as \"" + what + ":" + printable(key, 80) + "\"");
    if (found->second.empty()) return 1; // known to be nowhere
    if (what == "file" && !TRY(open("(" + found->second + ")" + key))) return 1;
    return variable.empty() ? Result<int>(0) : assign(variable, found->second);
}

Result<int> Machine::search(const Words& arguments) {
    std::vector<OptionShape> shapes = {{"file", 'f', none},      {"label", 'l', none},  {"fs-uuid", 'u', none},
                                       {"set", 's', optional},   {"hint", 'h', wanted}, {"no-floppy", 'n', none},
                                       {"efidisk-only", 0, none}};
    for (const char* platform : {"ieee1275", "bios", "baremetal", "efi", "arc"})
        shapes.push_back({std::string("hint-") + platform, 0, wanted});
    const Options options = TRY(parse_options(arguments, shapes));
    if (options.rest.empty()) return 1;
    std::string variable;
    if (options.has("set")) variable = options.given.at("set").back();
    if (options.has("set") && variable.empty()) variable = "root";
    for (const char* what : {"label", "fs-uuid", "file"}) {
        if (options.has(what)) return found_by(what, options.rest[0], variable);
    }
    return 1;
}

// search.fs_uuid UUID VARIABLE HINT...
Result<int> Machine::search_dotted(const Words& arguments) {
    if (arguments.size() < 2) return 1;
    const std::string kind = arguments[0].substr(7);
    const std::string what = kind == "fs_uuid" ? "fs-uuid" : kind == "fs_label" ? "label" : "file";
    return found_by(what, arguments[1], arguments.size() > 2 ? arguments[2] : "");
}

Result<int> Machine::configfile(const Words& arguments) {
    if (arguments.size() != 2) return 1;
    std::vector<MenuEntry> outer = std::exchange(menu_, {});
    environment_.open_context();
    TRY(run_configuration(arguments[1]));
    if (!menu_.empty()) TRY(run_menu(std::exchange(menu_, {})));
    environment_.close_context();
    menu_ = std::move(outer);
    return 0;
}

Result<int> Machine::source(const Words& arguments) {
    if (arguments.size() != 2) return 1;
    TRY(run_configuration(arguments[1]));
    return 0;
}

Result<int> Machine::opens_file(const Words& arguments) {
    const Options options = TRY(parse_options(arguments, {{"force", 'f', none}, {"mode", 'm', wanted}}));
    if (options.rest.empty() || !TRY(open(options.rest[0]))) return 1;
    if (arguments[0] == "chainloader") kernel_ = "chainloader";
    return 0;
}

Result<int> Machine::linux_command(const Words& arguments) {
    if (arguments.size() < 2 || !TRY(open(arguments[1]))) return 1;
    measure_text("kernel_cmdline: ", loader_command_line(behind(arguments, 1)));
    kernel_ = "linux";
    return 0;
}

Result<int> Machine::initrd(const Words& arguments) {
    if (arguments.size() < 2 || kernel_ != "linux") return 1;
    for (const std::string& name : behind(arguments, 1)) {
        if (name.starts_with("newc:")) return fail("initrd newc: is not modelled");
        if (!TRY(open(name))) return 1;
    }
    return 0;
}

Result<int> Machine::multiboot2(const Words& arguments) {
    std::size_t at = 1;
    while (at < arguments.size() && arguments[at].starts_with("--quirk-")) ++at;
    if (at == arguments.size() || !TRY(open(arguments[at]))) return 1;
    measure_text("kernel_cmdline: ", loader_command_line(behind(arguments, at + 1)));
    kernel_ = "multiboot2";
    return 0;
}

Result<int> Machine::module2(const Words& arguments) {
    const std::size_t at = arguments.size() > 1 && arguments[1] == "--nounzip" ? 2 : 1;
    if (at >= arguments.size() || kernel_ != "multiboot2" || !TRY(open(arguments[at]))) return 1;
    measure_text("module_cmdline: ", loader_command_line(behind(arguments, at + 1)));
    return 0;
}

Result<int> Machine::boot(const Words&) {
    if (kernel_.empty()) return 1;
    booted_ = true;
    return 0;
}

// Debian's configurations ask whether the firmware has a setup before they define its menu entry.
Result<int> Machine::firmware_setup(const Words& arguments) {
    if (arguments.size() != 2 || arguments[1] != "--is-supported") return fail("fwsetup leaves GRUB: nothing boots");
    if (!options_.firmware_setup)
        return fail("whether the firmware can be told to enter its setup is not known: say so in 'fwsetup'");
    return *options_.firmware_setup ? 0 : 1;
}

// The last argument is the block, braces included.
Result<int> Machine::menuentry(const Words& arguments) {
    const Options options = TRY(parse_options({arguments.begin(), arguments.end() - 1}, {{"class", 0, wanted},
                                                                                         {"users", 0, wanted},
                                                                                         {"hotkey", 0, wanted},
                                                                                         {"id", 0, wanted},
                                                                                         {"unrestricted", 0, none}}));
    if (options.rest.empty()) return 1;
    MenuEntry entry;
    entry.title = options.rest[0];
    entry.id = options.has("id") ? options.given.at("id").back() : entry.title;
    entry.parameters = options.rest;
    entry.submenu = arguments[0] == "submenu";
    entry.source = "setparams";
    for (const std::string& parameter : options.rest) entry.source += " " + quoted_for_shell(parameter);
    entry.source += "\n" + arguments.back().substr(1, arguments.back().size() - 2);
    menu_.push_back(std::move(entry));
    return 0;
}

} // namespace bulkhead::measure::grub
