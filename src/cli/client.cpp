#include "cli/client.hpp"

#include "api/message.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace bulkhead::cli {
namespace {

std::string why_not(const std::string& path, int error) {
    if (error == EACCES || error == EPERM) return path + ": no right to talk to bulkheadd; become root";
    const Result<std::string> type = read_file("/sys/hypervisor/type", 64);
    if (!type || trim(*type) != "xen") {
        return "bulkheadd does not run, and this machine does not run under Xen; to try Bulkhead here: bulkhead lab up";
    }
    if (!exists("/dev/xen/privcmd")) return "this is a guest: bulkhead talks to the daemon in dom0; run it there";
    return "bulkheadd is not running (" + path + "); start it with: systemctl start bulkheadd";
}

void show(const std::string& progress) {
    log::info(printable(progress, 2000));
}

Status wait_until(int fd, std::chrono::steady_clock::time_point end) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
        pollfd entry{fd, POLLIN, 0};
        const int ready = ::poll(&entry, 1, static_cast<int>(std::clamp<long>(left, 0, INT_MAX)));
        if (ready > 0) return {};
        if (ready < 0 && errno != EINTR) return fail_errno("poll");
        if (ready == 0) return fail("bulkheadd has not answered in time", ETIMEDOUT);
    }
}

} // namespace

Result<Client> Client::open() {
    return open(api::socket_path());
}

Result<Client> Client::open(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return fail("socket path '" + path + "' is too long");
    std::memcpy(address.sun_path, path.data(), path.size());
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket) return fail_errno("socket");
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        const int error = errno;
        return fail(why_not(path, error), error);
    }
    return Client(std::move(socket));
}

Result<nlohmann::json> Client::call(const std::string& verb, const nlohmann::json& arguments) {
    TRY(send(verb, arguments));
    return receive();
}

Status Client::send(const std::string& verb, const nlohmann::json& arguments) {
    std::string text;
    try {
        text = arguments.dump();
    } catch (const nlohmann::json::exception&) { // the library throws for text that is not UTF-8
        return fail("an argument, or the file, is not valid UTF-8 text");
    }
    const std::string request = api::print_request({verb, text});
    if (request.size() > api::request_size_max)
        return fail("the request is larger than 1 MiB; is that file a configuration?");
    return context(write_all(socket_.get(), request), "bulkheadd");
}

Result<nlohmann::json> Client::receive(std::optional<std::chrono::steady_clock::time_point> end) {
    api::LineReader lines(api::answer_size_max);
    for (;;) {
        while (const std::optional<std::string> line = TRY(lines.next())) {
            api::Answer answer = TRY(context(api::parse_answer(*line), "bulkheadd"));
            if (answer.kind == api::Answer::Kind::error) return tl::unexpected(std::move(answer.error));
            if (answer.kind == api::Answer::Kind::result) return nlohmann::json::parse(answer.text, nullptr, false);
            if (take_)
                take_(answer.text);
            else if (!quiet_)
                show(answer.text);
        }
        if (end) TRY(wait_until(socket_.get(), *end));
        char buffer[64 * 1024];
        const ssize_t got = ::read(socket_.get(), buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno("bulkheadd");
        if (got == 0) return fail("bulkheadd ended before it answered; see its log: journalctl -u bulkheadd");
        lines.add(std::string_view(buffer, static_cast<std::size_t>(got)));
    }
}

Result<nlohmann::json> ask(const std::string& verb, const nlohmann::json& arguments) {
    Client client = TRY(Client::open());
    return client.call(verb, arguments);
}

// Texts quote what strangers wrote, cut at some byte: what is not UTF-8 is replaced.
void print_json(const nlohmann::json& value) {
    std::puts(value.dump(4, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

void print_json(const nlohmann::ordered_json& value) {
    std::puts(value.dump(4, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

} // namespace bulkhead::cli
