// GRUB while it runs a configuration. Private to src/measure; grub_boot.hpp is the way in.
#pragma once

#include "measure/grub_boot.hpp"
#include "measure/grub_environment.hpp"
#include "measure/grub_script.hpp"

#include <functional>
#include <memory>

namespace bulkhead::measure::grub {

class Machine {
public:
    Machine(const BootOptions& options, Files& files);
    Result<EventList> run();

private:
    using Words = std::vector<std::string>;
    using Builtin = Result<int> (Machine::*)(const Words& arguments); // arguments[0] is the command's name
    struct MenuEntry {
        std::string title;
        std::string id;
        Words parameters;
        std::string source;
        bool submenu = false;
    };
    struct Place {
        std::string device;
        std::string path;
    };

    // Control flow (grub_machine.cpp). A status is what $? becomes: 0 is success.
    Result<int> execute(const Script& script);
    Result<int> execute(const Command& command);
    Result<int> execute_simple(const Command& command);
    Result<int> execute_loop(const Command& command);
    Result<int> call(const Words& arguments, const Script& body);
    Result<int> dispatch(const Words& arguments, const Command& command);
    Status run_configuration(const std::string& name);
    Status run_menu(std::vector<MenuEntry> menu);
    Status boot_entry(const MenuEntry& entry, const std::string& chosen_by);
    void set(const std::string& name, const std::string& value) { environment_.set(name, value); }
    Result<int> assign(const std::string& name, const std::string& value);

    // Files, modules, measurements (grub_files.cpp).
    void measure_text(std::string_view prefix, const std::string& text);
    Result<Place> place(const std::string& name) const;
    Result<bool> open(const std::string& name);                       // measures; false: there is no such file
    Result<std::optional<std::string>> read(const std::string& name); // open() and its content
    Status read_lists();
    Status read_catalogue();
    Result<bool> load_module(const std::string& name);
    [[nodiscard]] bool loaded(const std::string& module) const { return modules_.contains(module); }

    // Commands (grub_commands.cpp).
    static const std::map<std::string, Builtin, std::less<>>& builtins();
    Result<int> nothing(const Words& arguments);
    Result<int> failure(const Words& arguments);
    Result<int> set_command(const Words& arguments);
    Result<int> unset(const Words& arguments);
    Result<int> export_command(const Words& arguments);
    Result<int> set_parameters(const Words& arguments);
    Result<int> shift(const Words& arguments);
    Result<int> return_command(const Words& arguments);
    Result<int> break_command(const Words& arguments);
    Result<int> test(const Words& arguments);
    Result<int> insmod(const Words& arguments);
    Result<int> load_env(const Words& arguments);
    Result<int> save_env(const Words& arguments);
    Result<int> load_font(const Words& arguments);
    Result<int> terminal(const Words& arguments);
    Result<int> search(const Words& arguments);
    Result<int> search_dotted(const Words& arguments);
    Result<int> configfile(const Words& arguments);
    Result<int> source(const Words& arguments);
    Result<int> opens_file(const Words& arguments);
    Result<int> linux_command(const Words& arguments);
    Result<int> initrd(const Words& arguments);
    Result<int> multiboot2(const Words& arguments);
    Result<int> module2(const Words& arguments);
    Result<int> boot(const Words& arguments);
    Result<int> firmware_setup(const Words& arguments);
    Result<int> menuentry(const Words& arguments);
    Result<int> found_by(const std::string& what, const std::string& key, const std::string& variable);

    const BootOptions& options_;
    Files& files_;
    EventList list_;
    Environment environment_;
    std::map<std::string, std::shared_ptr<const Script>> functions_;
    std::set<std::string> modules_;
    std::map<std::string, std::string> commands_;  // of command.lst: command to module
    std::map<std::string, std::string> terminals_; // of terminal.lst
    std::set<std::string> written_;                // files that save_env changes: "(device)/path"
    std::vector<MenuEntry> menu_;
    std::string kernel_; // which loader is set up: "linux", "multiboot2", "chainloader" or none
    std::size_t steps_ = 0;
    std::size_t room_; // bytes that arguments may still take
    unsigned depth_ = 0;
    unsigned loops_ = 0;
    unsigned breaks_ = 0;
    bool continuing_ = false;
    bool returning_ = false;
    bool booted_ = false;
    bool entry_used_ = false; // BootOptions::entry speaks of the first menu
    bool has_command_list_ = false;
    bool catalogue_ = false; // a message catalogue is open: $"..." means something else
};

} // namespace bulkhead::measure::grub
