#include "lab/monitor.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "lab/qemu.hpp"

#include <cerrno>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <unistd.h>

namespace bulkhead::lab {
namespace {

constexpr std::size_t reply_limit = 1 << 20;

} // namespace

Result<Monitor> Monitor::open(const Place& place, std::chrono::milliseconds deadline) {
    Monitor monitor(TRY(place.connect(file::qmp_socket)), std::chrono::steady_clock::now() + deadline);
    TRY(context(monitor.line(), "QEMU's greeting"));
    TRY(monitor.execute("qmp_capabilities"));
    return monitor;
}

Result<std::string> Monitor::line() {
    for (;;) {
        const std::size_t end = buffer_.find('\n');
        if (end != std::string::npos) {
            std::string text = buffer_.substr(0, end);
            buffer_.erase(0, end + 1);
            return text;
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end_ - std::chrono::steady_clock::now()).count();
        pollfd fd{socket_.get(), POLLIN, 0};
        const int ready = left > 0 ? ::poll(&fd, 1, static_cast<int>(left)) : 0;
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) return fail("QEMU's monitor does not answer", ETIMEDOUT);
        char chunk[4096];
        const ssize_t got = ::read(socket_.get(), chunk, sizeof chunk);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return fail("QEMU closed its monitor", ECONNRESET);
        buffer_.append(chunk, static_cast<std::size_t>(got));
        if (buffer_.size() > reply_limit) return fail("QEMU's monitor: a line is too long");
    }
}

Result<std::string> Monitor::execute(const std::string& command) {
    TRY(write_all(socket_.get(), nlohmann::json{{"execute", command}}.dump() + "\n"));
    for (;;) {
        const std::string text = TRY(line());
        const auto json = nlohmann::json::parse(text, nullptr, false);
        if (json.is_discarded() || !json.is_object()) return fail("QEMU's monitor: " + printable(text));
        if (json.contains("return")) return json["return"].dump();
        if (json.contains("error")) return fail("QEMU: " + command + ": " + printable(json["error"].dump()));
        // An event: not what we asked for.
    }
}

} // namespace bulkhead::lab
