// ModuleTree: the kernel modules of an unpacked kernel package, what they need and which devices they drive. The facts
// come from the modules' own .modinfo sections (written by the kernel's modpost), so that neither depmod nor a
// modules.dep is needed: Debian's package has none.
#pragma once

#include "base/result.hpp"
#include "image/initramfs.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace bulkhead::image {

struct KernelModule {
    std::string name;                      // as the kernel says it: "xen_netback"
    std::string path;                      // in the image: "/lib/modules/KVER/kernel/drivers/…/xen-netback.ko"
    std::string source;                    // on this machine
    std::vector<std::string> dependencies; // all of them, in the order in which they must be loaded
    std::vector<std::string> aliases;      // modalias patterns (fnmatch)
};

class ModuleTree {
public:
    // `root`: the folder of an unpacked kernel package, that holds lib/modules/KVER. An error when there is not exactly
    // one KVER.
    static Result<ModuleTree> open(const std::string& root);

    [[nodiscard]] const std::string& kernel_version() const { return version_; } // "6.1.0-56-amd64"
    // Names are taken with '-' or '_'.
    [[nodiscard]] bool is_builtin(const std::string& name) const;
    [[nodiscard]] bool has(const std::string& name) const; // as a module
    // Names of the modules whose path below kernel/ starts with `prefix`: "drivers/net/ethernet/".
    [[nodiscard]] std::vector<std::string> below(const std::string& prefix) const;

    // `names` and everything that they need, sorted by name. Built-in names are left out: they are there already. An
    // unknown name is an error.
    Result<std::vector<KernelModule>> resolve(const std::vector<std::string>& names) const;

private:
    std::string root_, version_;
    std::map<std::string, std::string> paths_; // name → path below ROOT/lib/modules/KVER
    std::set<std::string> builtin_;
};

// What goes into an image. /lib/bulkhead/load lists `load` (without built-ins), `present` are there for the aliases.
struct ModuleChoice {
    std::vector<std::string> load;                 // loaded at start, in this order
    std::vector<std::string> present;              // loaded when a device asks for them
    std::map<std::string, std::string> parameters; // "KEY=VALUE KEY=VALUE" by the name of the module
};

// Adds the .ko files and /lib/bulkhead/{modules,load,aliases} (formats: docs/image.md); the aliases are those of
// `present`. Returns the modules that are in the image now.
Result<std::vector<KernelModule>> add_modules(Initramfs& image, const ModuleTree& tree, const ModuleChoice& choice);

// The bytes of a module file, unpacked when the distribution compresses its modules.
Result<std::string> read_module(const std::string& file);

} // namespace bulkhead::image
