#include "image/library_closure.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "image/elf.hpp"

#include <climits>
#include <cstdlib>
#include <deque>
#include <map>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::image {
namespace {

constexpr std::size_t largest_program = 512 << 20;

// ld.so(8) on Debian amd64, after DT_RUNPATH.
const char* const system_folders[] = {
    "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"};

std::string folder_of(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

// The path that a file has in the image: below the root that holds it, or as it is.
std::string image_path(const std::string& file, const std::vector<std::string>& roots) {
    for (const std::string& root : roots) {
        if (root != "/" && file.starts_with(root + "/")) return file.substr(root.size());
    }
    return file;
}

std::string expand_origin(std::string folder, const std::string& origin) {
    for (const std::string mark : {"$ORIGIN", "${ORIGIN}"}) {
        for (std::size_t at = folder.find(mark); at != std::string::npos; at = folder.find(mark, at + origin.size()))
            folder.replace(at, mark.size(), origin);
    }
    return folder;
}

// "/usr/lib/xen-4.17/bin/../lib" → "/usr/lib/xen-4.17/lib", in the text alone.
std::string normal(const std::string& path) {
    std::vector<std::string> parts;
    for (const std::string_view part : split(path, '/')) {
        if (part.empty() || part == ".") continue;
        if (part != "..") {
            parts.emplace_back(part);
        } else if (!parts.empty()) {
            parts.pop_back();
        }
    }
    return "/" + join(parts, "/");
}

class Closure {
public:
    explicit Closure(const std::vector<std::string>& roots) : roots_(roots) {}

    Status program(const std::string& file) {
        const std::string bytes = TRY(read_file(file, largest_program));
        if (!bytes.starts_with("\x7f"
                               "ELF"))
            return {}; // a script
        return scan(file, image_path(file, roots_), bytes);
    }

    Status library(const std::string& name, const std::vector<std::string>& runpath, const std::string& wanted_by) {
        if (name.find('/') != std::string::npos) return add_path(name, wanted_by);
        if (!seen_.insert(name).second) return {};
        std::vector<std::string> folders = runpath;
        folders.insert(folders.end(), std::begin(system_folders), std::end(system_folders));
        for (const std::string& folder : folders) {
            for (const std::string& root : roots_) {
                const std::string path = join({folder, name}, "/");
                const std::string source = resolve_in_root(root, path);
                if (!source.empty()) return add(source, path);
            }
        }
        return fail(wanted_by + " needs the library " + printable(name, 80) +
                    ", which is in none of: " + join(roots_, ", "));
    }

    std::deque<std::pair<std::string, std::string>> queue; // source, path: to be scanned
    std::map<std::string, std::string> found;              // path → source

    Status scan(const std::string& file, const std::string& path, const std::string& bytes) {
        const ElfFile elf = TRY(context(parse_elf(bytes), file));
        std::vector<std::string> runpath;
        for (const std::string& folder : elf.runpath) runpath.push_back(normal(expand_origin(folder, folder_of(path))));
        if (!elf.interpreter.empty()) TRY(add_path(elf.interpreter, file));
        for (const std::string& name : elf.needed) TRY(library(name, runpath, file));
        return {};
    }

private:
    Status add_path(const std::string& path, const std::string& wanted_by) {
        for (const std::string& root : roots_) {
            const std::string source = resolve_in_root(root, path);
            if (!source.empty()) return add(source, path);
        }
        return fail(wanted_by + " needs " + printable(path, 80) + ", which is in none of: " + join(roots_, ", "));
    }

    Status add(const std::string& source, const std::string& path) {
        if (found.emplace(path, source).second) queue.emplace_back(source, path);
        return {};
    }

    const std::vector<std::string>& roots_;
    std::set<std::string> seen_; // sonames
};

} // namespace

std::string resolve_in_root(const std::string& root, const std::string& path) {
    const std::string base = root == "/" ? "" : root;
    std::vector<std::string> parts; // of the part resolved so far
    std::deque<std::string> rest;
    for (const std::string_view part : split(path, '/')) rest.emplace_back(part);
    for (int links = 0; !rest.empty();) {
        const std::string part = std::move(rest.front());
        rest.pop_front();
        if (part.empty() || part == ".") continue;
        if (part == "..") {
            if (!parts.empty()) parts.pop_back();
            continue;
        }
        parts.push_back(part); // taken back when it turns out to be a link
        const std::string here = base + "/" + join(parts, "/");
        char target[PATH_MAX];
        const ssize_t size = ::readlink(here.c_str(), target, sizeof target);
        if (size < 0 || static_cast<std::size_t>(size) == sizeof target) {
            continue;
        }
        parts.pop_back();
        if (++links > 40) return {}; // as the kernel: ELOOP
        const std::string_view text(target, static_cast<std::size_t>(size));
        if (text.starts_with('/')) parts.clear();
        const auto steps = split(text, '/');
        rest.insert(rest.begin(), steps.begin(), steps.end());
    }
    const std::string file = base + "/" + join(parts, "/");
    struct stat info {};
    return ::stat(file.c_str(), &info) == 0 && S_ISREG(info.st_mode) ? file : std::string();
}

Result<std::vector<LibraryFile>> library_closure(const std::vector<std::string>& programs,
                                                 const std::vector<std::string>& roots,
                                                 const std::vector<std::string>& extra) {
    Closure closure(roots);
    for (const std::string& program : programs) TRY(closure.program(program));
    for (const std::string& name : extra) TRY(closure.library(name, {}, "the image"));
    while (!closure.queue.empty()) {
        const auto [source, path] = closure.queue.front();
        closure.queue.pop_front();
        TRY(closure.scan(source, path, TRY(read_file(source, largest_program))));
    }
    std::vector<LibraryFile> files;
    for (const auto& [path, source] : closure.found) files.push_back({source, path});
    return files;
}

} // namespace bulkhead::image
