// Kernel modules of a service VM's or the lab dom0's initramfs, without modprobe: bulkhead writes the index when it
// builds the image (src/image), the init loads from it.
//
//     /lib/bulkhead/modules   "NAME PATH DEP,DEP,..." or "NAME PATH -": all modules to load before NAME, in order;
//     after
//                             that the module's parameters, "KEY=VALUE"
//     /lib/bulkhead/load      names to load at start, one per line, in order
//     /lib/bulkhead/aliases   "PATTERN NAME": modules.alias patterns, matched with fnmatch(3)
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead {

struct Module {
    std::string path;                      // absolute, without ".."
    std::vector<std::string> dependencies; // in the order of loading
    std::string parameters;                // "KEY=VALUE KEY=VALUE"
};
using ModuleIndex = std::map<std::string, Module, std::less<>>;

struct ModuleAlias {
    std::string pattern;
    std::string module;
};

// Pure parsers. Empty lines and lines that begin with '#' are skipped; an error names the line.
Result<ModuleIndex> parse_module_index(std::string_view text);
Result<std::vector<std::string>> parse_module_list(std::string_view text);
Result<std::vector<ModuleAlias>> parse_module_aliases(std::string_view text);

// Names of the modules for a device's modalias, each once, in the order of the aliases.
std::vector<std::string> modules_for(const std::vector<ModuleAlias>& aliases, const std::string& modalias);

// Module names use '_' where file names may have '-'; the kernel treats both as the same.
std::string module_name(std::string_view name);

// Loads modules with what they need, each at most once. Needs CAP_SYS_MODULE.
class ModuleLoader {
public:
    using Insert = std::function<Status(const std::string& path, const std::string& parameters)>;

    // Reads DIRECTORY/{modules,load,aliases}; `aliases` and `load` may be missing. `insert` is replaced in tests.
    static Result<ModuleLoader> open(const std::string& directory, Insert insert = insert_module);

    // No error when it is in the kernel already.
    Status load(std::string_view name);
    // Everything that `load` lists; goes on after a failure and returns the first error with a count of the others.
    // A driver whose hardware is not here (ENODEV, as xen_pcifront outside a PV guest) is no failure.
    Status load_all();
    // The drivers for a device; a device that no alias matches is no error. Returns how many modules matched.
    Result<std::size_t> load_for(const std::string& modalias);

    [[nodiscard]] const ModuleIndex& index() const { return index_; }

private:
    ModuleLoader() = default;
    Status insert_once(std::string_view name);

    ModuleIndex index_;
    std::vector<std::string> at_start_;
    std::vector<ModuleAlias> aliases_;
    std::vector<std::string> loaded_;
    Insert insert_;

    static Status insert_module(const std::string& path, const std::string& parameters);
};

} // namespace bulkhead
