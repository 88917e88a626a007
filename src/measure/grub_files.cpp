// What GRUB opens, and what opening measures.
#include "measure/grub_machine.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace bulkhead::measure::grub {
namespace {

constexpr std::size_t most_events = 65'536;

// "NAME: VALUE" lines of command.lst, terminal.lst and moddep.lst.
std::map<std::string, std::string> pairs(std::string_view text) {
    std::map<std::string, std::string> all;
    for (const std::string_view line : split(text, '\n')) {
        const std::size_t colon = line.find(':');
        if (colon != std::string_view::npos)
            all[std::string(trim(line.substr(0, colon)))] = std::string(trim(line.substr(colon + 1)));
    }
    return all;
}

} // namespace

void Machine::measure_text(std::string_view prefix, const std::string& text) {
    Event event;
    event.pcr = 8;
    event.type = event_type::ipl;
    event.digests = hash(list_.banks, text);
    event.data = std::string(prefix) + text + '\0';
    list_.events.push_back(std::move(event));
}

Result<Machine::Place> Machine::place(const std::string& name) const {
    Place found;
    if (name.starts_with('(')) {
        const std::size_t close = name.find(')');
        if (close == std::string::npos) return fail("'" + printable(name, 120) + "': the device has no ')'");
        found.device = name.substr(1, close - 1);
        found.path = name.substr(close + 1);
    } else {
        found.device = environment_.get("root").value_or("");
        found.path = name;
    }
    if (found.device.empty() || !found.path.starts_with('/'))
        return fail("'" + printable(name, 120) +
                    "' names no file of a file system: only (DEVICE)/PATH, or /PATH on $root, can be predicted");
    return found;
}

Result<bool> Machine::open(const std::string& name) {
    if (list_.events.size() >= most_events) return fail("more than " + std::to_string(most_events) + " events");
    const Place where = TRY(place(name));
    auto digests = TRY(files_.digests(where.device, where.path));
    if (!digests) return false;
    if (written_.contains("(" + where.device + ")" + where.path))
        return fail(name + " is opened after save_env changed it: its content then is not known");
    Event event;
    event.pcr = 9;
    event.type = event_type::ipl;
    event.digests = std::move(*digests);
    event.data = name + '\0';
    event.source = "file " + where.path + " on " + where.device;
    list_.events.push_back(std::move(event));
    return true;
}

Result<std::optional<std::string>> Machine::read(const std::string& name) {
    if (!TRY(open(name))) return std::nullopt;
    const Place where = TRY(place(name));
    return files_.content(where.device, where.path);
}

// When normal mode starts, and whenever $prefix is written.
Status Machine::read_lists() {
    const std::string folder = environment_.get("prefix").value_or("") + "/" + options_.platform + "/";
    if (const auto text = TRY(read(folder + "command.lst"))) {
        has_command_list_ = true;
        for (const auto& [command, module] : pairs(*text)) // a '*' marks commands with options
            commands_[command.starts_with('*') ? command.substr(1) : command] = module;
    }
    TRY(open(folder + "fs.lst"));
    TRY(open(folder + "crypto.lst"));
    if (const auto text = TRY(read(folder + "terminal.lst"))) {
        for (const auto& [terminal, module] : pairs(*text)) // 'i' or 'o' stands before the name
            if (terminal.size() > 1) terminals_[terminal.substr(1)] = module;
    }
    return {};
}

// gettext.mod looks for the catalogue of $lang when it is loaded and whenever $lang, $locale_dir or $prefix is written.
Status Machine::read_catalogue() {
    const std::string lang = environment_.get("lang").value_or("");
    if (!loaded("gettext") || lang.empty()) return {};
    std::string folder = environment_.get("locale_dir").value_or("");
    if (folder.empty()) folder = environment_.get("prefix").value_or("") + "/locale";
    for (const std::string& name : {lang, lang.substr(0, lang.find('_'))}) {
        for (const char* ending : {".mo", ".mo.gz", ".gmo"}) {
            if (TRY(open(folder + "/" + name + ending))) {
                catalogue_ = true;
                return {};
            }
        }
    }
    return {};
}

// grub_dl_load(): the module's file first, then what it needs.
Result<bool> Machine::load_module(const std::string& name) {
    if (loaded(name)) return true;
    if (name.empty() || name.find_first_of("/()") != std::string::npos)
        return fail("insmod " + printable(name, 80) + ": only modules by name are modelled");
    const std::string folder = environment_.get("prefix").value_or("") + "/" + options_.platform + "/";
    if (!TRY(open(folder + name + ".mod"))) return false;
    modules_.insert(name);
    const Place list = TRY(place(folder + "moddep.lst"));
    const auto text = TRY(files_.content(list.device, list.path));
    if (!text) return fail(folder + "moddep.lst is missing: it tells which modules " + name + " needs");
    const auto all = pairs(*text);
    const auto needed = all.find(name);
    if (needed == all.end()) return fail(folder + "moddep.lst does not know the module " + name);
    for (const std::string_view other : words(needed->second)) {
        if (!TRY(load_module(std::string(other))))
            return fail("the module " + name + " needs " + std::string(other) + ", which is not in " + folder);
    }
    if (name == "gettext") TRY(read_catalogue());
    return true;
}

} // namespace bulkhead::measure::grub
