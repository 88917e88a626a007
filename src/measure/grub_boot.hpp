// What GRUB 2.06 with its tpm module measures into PCR 8 and 9 while it runs a configuration: every command that it
// executes and every file that it opens, in order. The configuration is executed as GRUB would, against a folder
// instead of a disk.
// Source: grub-core/commands/tpm.c, kern/verifiers.c, script/execute.c, normal/main.c, kern/dl.c and the commands of
// 2.06 (Debian 2.06-13+deb12u2, against whose log it is tested); docs/measure.md has the rules.
// What it does not know of (a command, a device, a UUID) is an error, never a guess.
#pragma once

#include "base/result.hpp"
#include "measure/event_list.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace bulkhead::measure::grub {

// The file systems that GRUB sees. Paths are absolute on their device; nullopt: there is no such file.
class Files {
public:
    virtual ~Files() = default;
    virtual Result<std::optional<std::string>> content(const std::string& device, const std::string& path) = 0;
    virtual Result<std::optional<Digests>> digests(const std::string& device, const std::string& path) = 0;
    enum class Type { none, file, folder };
    virtual Result<Type> type(const std::string& device, const std::string& path) = 0;
};

struct BootOptions {
    std::string prefix = "(hd0,gpt1)/boot/grub";  // $prefix of the core image, with its device
    std::string platform = "x86_64-efi";          // folder of modules: CPU-PLATFORM
    std::string configuration;                    // first file to run; empty: $prefix/grub.cfg
    std::set<std::string> builtin;                // modules in the core image; tpm and normal must be among them
    std::map<std::string, std::string> variables; // besides those that GRUB sets itself
    // search: "fs-uuid:UUID", "label:NAME" or "file:PATH" to GRUB's name of the device, without parentheses
    std::map<std::string, std::string> search;
    std::optional<bool> firmware_setup; // OsIndicationsSupported has EFI_OS_INDICATIONS_BOOT_TO_FW_UI
    std::string entry; // menu entry to boot, as the variable `default` names it; empty: what the configuration chooses
    std::vector<Bank> banks = {Bank::sha256};
    // A configuration that runs more commands, or whose commands' arguments take more bytes in all, is taken for one
    // that never ends. A real boot runs some hundred; their arguments take some 100 KiB.
    std::size_t most_commands = 5'000;
    std::size_t most_bytes = 8 << 20;
};

// Events of PCR 8 and 9, up to `boot`. Errors name file and line.
Result<EventList> predict(const BootOptions& options, Files& files);

// What GRUB passes to a kernel: arguments with a blank in double quotes, backslashes before \ ' and " (lib/cmdline.c).
std::string loader_command_line(const std::vector<std::string>& arguments);

} // namespace bulkhead::measure::grub
