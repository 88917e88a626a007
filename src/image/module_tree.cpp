#include "image/module_tree.hpp"

#include "base/file.hpp"
#include "base/modules.hpp"
#include "base/text.hpp"
#include "image/modinfo.hpp"
#include "image/unpack.hpp"

#include <algorithm>
#include <filesystem>

namespace bulkhead::image {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest_module = 64 << 20;
constexpr std::size_t largest_list = 16 << 20;

// "kernel/net/bridge/bridge.ko" → "bridge"; "" for a file that is no module.
std::string name_of(std::string_view path) {
    std::string_view leaf = path.substr(path.rfind('/') + 1);
    for (const std::string_view end : {".ko", ".ko.xz", ".ko.zst", ".ko.gz"}) {
        if (leaf.ends_with(end)) return module_name(leaf.substr(0, leaf.size() - end.size()));
    }
    return {};
}

} // namespace

Result<std::string> read_module(const std::string& file) {
    std::string bytes = TRY(read_file(file, largest_module));
    if (bytes.starts_with("\x7f"
                          "ELF"))
        return bytes;
    return context(unpack(bytes, largest_module), file);
}

Result<ModuleTree> ModuleTree::open(const std::string& root) {
    ModuleTree tree;
    std::error_code code;
    std::vector<std::string> versions;
    for (const auto& entry : fs::directory_iterator(root + "/lib/modules", code))
        versions.push_back(entry.path().filename().string());
    if (versions.size() != 1)
        return fail(root + "/lib/modules: " + (versions.empty() ? "no kernel" : "more than one kernel") +
                    " there; an unpacked kernel package is expected");
    tree.version_ = versions[0];
    tree.root_ = root + "/lib/modules/" + tree.version_;
    for (auto entry = fs::recursive_directory_iterator(tree.root_ + "/kernel", code);
         !code && entry != fs::recursive_directory_iterator(); entry.increment(code)) {
        const std::string path = entry->path().string().substr(tree.root_.size() + 1);
        const std::string name = name_of(path);
        if (!name.empty()) tree.paths_.emplace(name, path);
    }
    if (code || tree.paths_.empty()) return fail(tree.root_ + ": cannot list its modules: " + code.message());
    const std::string builtin = TRY(read_file(tree.root_ + "/modules.builtin", largest_list));
    for (const std::string_view line : split(builtin, '\n')) {
        if (!name_of(line).empty()) tree.builtin_.insert(name_of(line));
    }
    return tree;
}

bool ModuleTree::is_builtin(const std::string& name) const {
    return builtin_.count(module_name(name)) != 0;
}

bool ModuleTree::has(const std::string& name) const {
    return paths_.count(module_name(name)) != 0;
}

std::vector<std::string> ModuleTree::below(const std::string& prefix) const {
    std::vector<std::string> names;
    for (const auto& [name, path] : paths_) {
        if (path.starts_with("kernel/" + prefix)) names.push_back(name);
    }
    return names;
}

Result<std::vector<KernelModule>> ModuleTree::resolve(const std::vector<std::string>& names) const {
    std::map<std::string, KernelModule> found;
    std::map<std::string, std::vector<std::string>> direct;
    std::vector<std::string> open;
    for (const std::string& name : names) open.push_back(module_name(name));
    while (!open.empty()) {
        const std::string name = open.back();
        open.pop_back();
        if (found.count(name) != 0 || is_builtin(name)) continue;
        const auto path = paths_.find(name);
        if (path == paths_.end()) return fail("the kernel " + version_ + " has no module " + printable(name, 80));
        KernelModule module;
        module.name = name;
        module.source = root_ + "/" + path->second;
        const std::size_t end = path->second.rfind(".ko") + 3; // unpacked in the image
        module.path = "/lib/modules/" + version_ + "/" + path->second.substr(0, end);
        ModuleInfo info = TRY(context(parse_modinfo(TRY(read_module(module.source))), module.source));
        if (info.vermagic != version_)
            return fail(module.source + ": made for kernel " + printable(info.vermagic, 80) + ", not " + version_);
        for (const std::string& needed : info.depends) direct[name].push_back(module_name(needed));
        for (const std::string& wanted :
             info.softdeps) { // a wish: one that does not exist is left out, as modprobe does
            if (has(wanted)) direct[name].push_back(module_name(wanted));
        }
        for (const std::string& needed : direct[name]) open.push_back(needed);
        module.aliases = std::move(info.aliases);
        found.emplace(name, std::move(module));
    }

    // Depth first gives each module's dependencies in loading order. A ring (only softdeps could make one) is cut where
    // it closes.
    for (auto& entry : found) {
        KernelModule& module = entry.second;
        std::set<std::string> seen = {module.name};
        const auto visit = [&](const auto& self, const std::string& from) -> void {
            for (const std::string& needed : direct[from]) {
                if (found.count(needed) == 0 || !seen.insert(needed).second) continue;
                self(self, needed);
                module.dependencies.push_back(needed);
            }
        };
        visit(visit, module.name);
    }
    std::vector<KernelModule> modules;
    for (auto& [name, module] : found) modules.push_back(std::move(module));
    return modules;
}

Result<std::vector<KernelModule>> add_modules(Initramfs& image, const ModuleTree& tree, const ModuleChoice& choice) {
    std::vector<std::string> wanted = choice.load;
    wanted.insert(wanted.end(), choice.present.begin(), choice.present.end());
    std::vector<KernelModule> modules = TRY(tree.resolve(wanted));
    std::set<std::string> present;
    for (const std::string& name : choice.present) present.insert(module_name(name));
    std::string index, aliases, load;
    for (const KernelModule& module : modules) {
        TRY(image.add_file(module.path, TRY(read_module(module.source))));
        index += module.name + " " + module.path + " " +
                 (module.dependencies.empty() ? "-" : join(module.dependencies, ","));
        const auto parameters = choice.parameters.find(module.name);
        index += parameters == choice.parameters.end() ? "\n" : " " + parameters->second + "\n";
        if (present.count(module.name) == 0) continue;
        for (const std::string& pattern : module.aliases) {
            // An alias of one word for one kind of device; others ("snd-card-*") are for modprobe's own use.
            if (pattern.find(':') != std::string::npos && words(pattern).size() == 1)
                aliases += pattern + " " + module.name + "\n";
        }
    }
    for (const std::string& name : choice.load) {
        if (!tree.is_builtin(name)) load += module_name(name) + "\n";
    }
    TRY(image.add_file("/lib/bulkhead/modules", std::move(index)));
    TRY(image.add_file("/lib/bulkhead/load", std::move(load)));
    TRY(image.add_file("/lib/bulkhead/aliases", std::move(aliases)));
    return modules;
}

} // namespace bulkhead::image
