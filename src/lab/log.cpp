#include "lab/log.hpp"

#include "base/file.hpp"
#include "base/json.hpp"
#include "base/loop.hpp"
#include "lab/qemu.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace bulkhead::lab {
namespace {

// Prints whole lines as they come; consoles end lines with CR LF.
class Printer {
public:
    Printer(Fd log, std::string guest, bool json) : log_(std::move(log)), guest_(std::move(guest)), json_(json) {}

    Status copy() {
        char buffer[64 * 1024];
        for (;;) {
            const ssize_t got = ::read(log_.get(), buffer, sizeof buffer);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return fail_errno("reading the log");
            if (got == 0) return {};
            rest_.append(buffer, static_cast<std::size_t>(got));
            std::string text;
            std::size_t from = 0;
            for (std::size_t end = 0; (end = rest_.find('\n', from)) != std::string::npos; from = end + 1) {
                add(text, std::string_view(rest_).substr(from, end - from));
            }
            rest_.erase(0, from);
            TRY(write_all(STDOUT_FILENO, text));
        }
    }

    // The last line when it has no end.
    Status finish() {
        std::string text;
        if (!rest_.empty()) add(text, rest_);
        return write_all(STDOUT_FILENO, text);
    }

private:
    void add(std::string& text, std::string_view line) const {
        while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        if (!guest_.empty()) {
            const auto own = guest_line(line, guest_);
            if (!own) return;
            line = *own;
        }
        if (json_) {
            text += json_line({{"line", std::string(line)}});
        } else {
            text += line;
        }
        text += '\n';
    }

    Fd log_;
    std::string guest_;
    bool json_;
    std::string rest_;
};

} // namespace

std::optional<std::string_view> guest_line(std::string_view line, std::string_view guest) {
    if (guest == "all") return line;
    if (line.size() < guest.size() + 3 || line[0] != '[' || line.substr(1, guest.size()) != guest ||
        line.substr(guest.size() + 1, 2) != "] ") {
        return std::nullopt;
    }
    return line.substr(guest.size() + 3);
}

Result<int> print_log(const Lab& lab, const std::string& guest, bool follow, bool json) {
    const LabStatus now = lab.status();
    if (now.life == Life::absent) TRY(lab.check_running());
    const std::string path = lab.place().path(guest.empty() ? file::console_log : file::guests_log);
    Fd log(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!log) return fail_errno(path);
    Printer printer(std::move(log), guest, json);
    const Fd inotify(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!inotify || ::inotify_add_watch(inotify.get(), path.c_str(), IN_MODIFY) < 0) return fail_errno(path);
    TRY(printer.copy());
    if (follow && now.state) {
        Loop loop;
        Status copied;
        const auto process = open_process(*now.state);
        loop.watch(inotify.get(), POLLIN, [&](short) {
            char buffer[4096];
            while (::read(inotify.get(), buffer, sizeof buffer) > 0) {
            }
            copied = printer.copy();
            if (!copied) loop.stop();
        });
        if (process) loop.watch(process->get(), POLLIN, [&](short) { loop.stop(); });
        if (process) TRY(loop.run());
        TRY(std::move(copied));
        TRY(printer.copy());
    }
    TRY(printer.finish());
    return 0;
}

} // namespace bulkhead::lab
