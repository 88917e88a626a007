#include "base/modules.hpp"

#include "base/fd.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fnmatch.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bulkhead {
namespace {

constexpr std::size_t file_max = 4 << 20;
constexpr std::size_t name_max = 64; // the kernel's MODULE_NAME_LEN is 56 on 64-bit machines

bool valid_name(std::string_view name) {
    return !name.empty() && name.size() < name_max && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
}

bool valid_module_path(std::string_view path) {
    return path.starts_with('/') && path.size() < 4096 && path.find("/../") == std::string_view::npos &&
           !path.ends_with("/..");
}

// Calls `line` for each line that says something, with its words; its error gets the line's number.
Status for_lines(std::string_view text, const std::function<Status(const std::vector<std::string_view>&)>& line) {
    std::size_t number = 0;
    for (const std::string_view raw : split(text, '\n')) {
        ++number;
        const auto found = words(raw);
        if (found.empty() || found[0].front() == '#') continue;
        TRY(context(line(found), "line " + std::to_string(number)));
    }
    return {};
}

Result<std::string> checked_name(std::string_view text) {
    std::string name = module_name(text);
    if (!valid_name(name)) return fail("'" + printable(text, 80) + "' is not a module name");
    return name;
}

} // namespace

std::string module_name(std::string_view name) {
    std::string with_underscores(name);
    std::replace(with_underscores.begin(), with_underscores.end(), '-', '_');
    return with_underscores;
}

Result<ModuleIndex> parse_module_index(std::string_view text) {
    ModuleIndex index;
    TRY(for_lines(text, [&index](const std::vector<std::string_view>& found) -> Status {
        if (found.size() < 3) return fail("expected 'NAME PATH DEPENDENCIES [PARAMETER...]'");
        const std::string name = TRY(checked_name(found[0]));
        if (!valid_module_path(found[1])) {
            return fail("'" + printable(found[1], 80) + "' is not an absolute path without '..'");
        }
        Module module{std::string(found[1]), {}, {}};
        for (std::size_t i = 3; i < found.size(); ++i) {
            const std::size_t equals = found[i].find('=');
            if (equals == 0 || equals == std::string_view::npos)
                return fail("'" + printable(found[i], 80) + "' is not a parameter 'KEY=VALUE'");
            module.parameters += (i == 3 ? "" : " ") + std::string(found[i]);
        }
        if (found[2] != "-") {
            for (const std::string_view part : split(found[2], ',')) {
                module.dependencies.push_back(TRY(checked_name(part)));
            }
        }
        if (!index.emplace(name, std::move(module)).second) return fail("module " + name + " is listed twice");
        return {};
    }));
    return index;
}

Result<std::vector<std::string>> parse_module_list(std::string_view text) {
    std::vector<std::string> names;
    TRY(for_lines(text, [&names](const std::vector<std::string_view>& found) -> Status {
        if (found.size() != 1) return fail("expected one module name");
        names.push_back(TRY(checked_name(found[0])));
        return {};
    }));
    return names;
}

Result<std::vector<ModuleAlias>> parse_module_aliases(std::string_view text) {
    std::vector<ModuleAlias> aliases;
    TRY(for_lines(text, [&aliases](const std::vector<std::string_view>& found) -> Status {
        if (found.size() != 2) return fail("expected 'PATTERN NAME'");
        std::string name = TRY(checked_name(found[1]));
        aliases.push_back({std::string(found[0]), std::move(name)});
        return {};
    }));
    return aliases;
}

std::vector<std::string> modules_for(const std::vector<ModuleAlias>& aliases, const std::string& modalias) {
    std::vector<std::string> names;
    for (const ModuleAlias& alias : aliases) {
        if (::fnmatch(alias.pattern.c_str(), modalias.c_str(), 0) != 0) continue;
        if (std::find(names.begin(), names.end(), alias.module) == names.end()) names.push_back(alias.module);
    }
    return names;
}

Result<ModuleLoader> ModuleLoader::open(const std::string& directory, Insert insert) {
    ModuleLoader loader;
    loader.insert_ = std::move(insert);
    const std::string modules = directory + "/modules";
    loader.index_ = TRY(context(parse_module_index(TRY(read_file(modules, file_max))), modules));
    if (const std::string path = directory + "/load"; exists(path)) {
        loader.at_start_ = TRY(context(parse_module_list(TRY(read_file(path, file_max))), path));
    }
    if (const std::string path = directory + "/aliases"; exists(path)) {
        loader.aliases_ = TRY(context(parse_module_aliases(TRY(read_file(path, file_max))), path));
    }
    return loader;
}

Status ModuleLoader::load(std::string_view name) {
    const std::string key = module_name(name);
    const auto module = index_.find(key);
    if (module == index_.end()) {
        return fail("module " + printable(key, 80) + " is not in this image: build it with the module added", ENOENT);
    }
    for (const std::string& dependency : module->second.dependencies) {
        TRY(context(insert_once(dependency), "module " + key));
    }
    return insert_once(key);
}

Status ModuleLoader::insert_once(std::string_view name) {
    if (std::find(loaded_.begin(), loaded_.end(), name) != loaded_.end()) return {};
    const auto module = index_.find(name);
    if (module == index_.end()) {
        return fail("module " + printable(name, 80) + " is needed but is not in this image", ENOENT);
    }
    TRY(context(insert_(module->second.path, module->second.parameters), "loading module " + module->first));
    loaded_.emplace_back(name);
    return {};
}

Status ModuleLoader::load_all() {
    Status first;
    std::size_t failed = 0;
    for (const std::string& name : at_start_) {
        Status done = load(name);
        if (done || done.error().code == ENODEV) continue;
        if (failed++ == 0) first = std::move(done);
    }
    if (failed > 1) first.error().message += " (and " + std::to_string(failed - 1) + " more)";
    return first;
}

Result<std::size_t> ModuleLoader::load_for(const std::string& modalias) {
    // Two drivers may claim one device and decide when they see it (8139cp and 8139too): load both, whatever one says.
    const auto names = modules_for(aliases_, modalias);
    Status first;
    for (const std::string& name : names) {
        if (Status done = load(name); !done && first) first = std::move(done);
    }
    TRY(std::move(first));
    return names.size();
}

Status ModuleLoader::insert_module(const std::string& path, const std::string& parameters) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return fail_errno(path);
    // glibc has no wrapper. Debian's modules are not compressed, so the kernel takes the file as it is.
    if (::syscall(SYS_finit_module, file.get(), parameters.c_str(), 0) != 0 && errno != EEXIST) return fail_errno(path);
    return {};
}

} // namespace bulkhead
