#include "lab/init/log_follower.hpp"

#include <algorithm>
#include <fcntl.h>
#include <poll.h>
#include <set>
#include <string_view>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::lab {
namespace {

constexpr off_t keep_limit = 4 << 20;
constexpr std::size_t line_limit = 4096;
constexpr std::size_t file_limit = 256;

std::string label(std::string_view path) {
    path.remove_prefix(path.rfind('/') + 1);
    if (path.substr(0, 6) == "guest-") path.remove_prefix(6);
    if (path.size() > 4 && path.substr(path.size() - 4) == ".log") path.remove_suffix(4);
    return std::string(path);
}

} // namespace

Status LogFollower::start() {
    inotify_ = Fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!inotify_) return fail_errno("inotify");
    loop_.watch(inotify_.get(), POLLIN, [this](short) {
        alignas(inotify_event) char buffer[8192];
        ssize_t got = 0;
        std::set<std::string> changed; // each file is read once, however often it was written to
        bool lost = false;
        while ((got = ::read(inotify_.get(), buffer, sizeof buffer)) > 0) {
            for (ssize_t at = 0; at < got;) {
                const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
                at += static_cast<ssize_t>(sizeof *event + event->len);
                lost = lost || (event->mask & IN_Q_OVERFLOW) != 0;
                const auto folder = folders_.find(event->wd);
                if (folder == folders_.end() || event->len == 0) continue;
                const std::string_view name(event->name);
                if (name.size() > 4 && name.substr(name.size() - 4) == ".log") {
                    changed.insert(folder->second + "/" + std::string(name));
                }
            }
        }
        for (const std::string& path : changed) {
            if (files_.size() < file_limit) files_.try_emplace(path);
            if (const auto file = files_.find(path); file != files_.end()) copy(path, file->second);
        }
        if (lost || behind_) copy_all();
    });
    return {};
}

Status LogFollower::follow(const std::string& folder) {
    const int watch = ::inotify_add_watch(inotify_.get(), folder.c_str(), IN_CREATE | IN_MODIFY | IN_MOVED_TO);
    if (watch < 0) return fail_errno(folder);
    folders_[watch] = folder;
    return {};
}

void LogFollower::copy_all() {
    behind_ = false;
    for (auto& [path, file] : files_) copy(path, file);
}

void LogFollower::copy(const std::string& path, File& file) {
    const Fd log(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    struct stat info {};
    if (!log || ::fstat(log.get(), &info) != 0 || !S_ISREG(info.st_mode)) return;
    if (info.st_size < file.position) file.position = 0; // begun anew
    const std::string mark = "[" + label(path) + "] ";
    char buffer[16 * 1024];
    while (!outlet_.full()) {
        const ssize_t got = ::pread(log.get(), buffer, sizeof buffer, file.position);
        if (got <= 0) break;
        file.position += got;
        std::string lines;
        for (const char c : std::string_view(buffer, static_cast<std::size_t>(got))) {
            if (c == '\r') continue;
            if (c != '\n') file.line.push_back(c);
            if (c == '\n' || file.line.size() >= line_limit) {
                lines.append(mark).append(file.line).append("\n");
                file.line.clear();
            }
        }
        outlet_.write(lines);
    }
    behind_ = behind_ || outlet_.full();
    // The writer appends (O_APPEND), so it goes on at the new end. What it adds right now could be lost: only log text.
    if (file.position > keep_limit && ::ftruncate(log.get(), 0) == 0) file.position = 0;
}

} // namespace bulkhead::lab
