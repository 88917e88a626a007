#include "host/grub_files.hpp"

#include "base/file.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::host {
namespace {

namespace fs = std::filesystem;

constexpr const char* main_file = "/etc/default/grub";
constexpr const char* folder = "/etc/default/grub.d";
constexpr const char* menu = "/boot/grub/grub.cfg";

// 0: there is no such file.
timespec changed(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 ? info.st_mtim : timespec{};
}

bool later(const timespec& a, const timespec& b) {
    return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
}

Result<std::vector<std::string>> settings_in(const std::string& path) {
    constexpr std::size_t names_max = 256;
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
        const std::string name = entry->path().filename();
        if (!name.ends_with(".cfg") || name.starts_with('.')) continue;
        if (names.size() == names_max) return fail(path + ": more than 256 files");
        names.push_back(name);
    }
    if (error && error.value() != ENOENT) return fail_errno(path, error.value());
    std::sort(names.begin(), names.end());
    return names;
}

} // namespace

Result<std::vector<ScriptFile>> read_grub_files(const std::string& root) {
    std::vector<std::string> paths = {main_file};
    for (const std::string& name : TRY(settings_in(root + folder))) paths.push_back(std::string(folder) + "/" + name);
    std::vector<ScriptFile> files;
    for (const std::string& path : paths) {
        auto text = read_file(root + path, script_size_max);
        if (!text && text.error().code == ENOENT) continue; // also a link to nowhere, as for the shell's test -e
        files.push_back({path, TRY(std::move(text))});
    }
    return files;
}

std::string own_text(const std::vector<ScriptFile>& files) {
    const auto found =
        std::find_if(files.begin(), files.end(), [](const ScriptFile& file) { return file.path == our_file; });
    return found == files.end() ? "" : found->text;
}

std::vector<ScriptFile> with_own(std::vector<ScriptFile> files, const std::string& text) {
    std::erase_if(files, [](const ScriptFile& file) { return file.path == our_file; });
    if (text.empty()) return files;
    const auto place = std::find_if(files.begin(), files.end(), [](const ScriptFile& file) {
        return file.path != main_file && file.path > our_file;
    });
    files.insert(place, {our_file, text});
    return files;
}

Status store_own(const std::string& root, const std::string& text) {
    const std::string path = root + our_file;
    if (text.empty()) {
        if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno(path);
        return {};
    }
    TRY(make_directories(root + folder));
    // What a killed process left; update-grub reads *.cfg only.
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(root + folder, ignored)) {
        if (entry.path().filename().string().starts_with("bulkhead.cfg.tmp.")) fs::remove(entry.path(), ignored);
    }
    return write_file_atomic(path, text);
}

bool menu_outdated(const std::string& root) {
    const timespec made = changed(root + menu);
    if (later(changed(root + main_file), made) || later(changed(root + folder), made)) return true;
    const auto names = settings_in(root + folder);
    return names && std::any_of(names->begin(), names->end(), [&](const std::string& name) {
               return later(changed(root + folder + "/" + name), made);
           });
}

} // namespace bulkhead::host
