#include "xen/message_log.hpp"

#include "base/log.hpp"
#include "base/text.hpp"

#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace bulkhead::xen {
namespace {

constexpr std::size_t most_messages = 32; // the first ones name the cause; what follows repeats it

} // namespace

std::string without_place(const std::string& message) {
    const std::size_t file = message.find(".c:");
    if (file == std::string::npos || message.find(' ') < file) return message;
    std::size_t at = file + 3;
    while (at < message.size() && message[at] >= '0' && message[at] <= '9') ++at;
    if (at == file + 3 || at >= message.size() || message[at] != ':') return message;
    const std::size_t colon = message.find(": ", at + 1);
    if (colon == std::string::npos || message.find(' ', at) < colon) return message;
    std::string rest = message.substr(colon + 2);
    // "Domain 5:Unable to ..." is missing a space.
    if (rest.starts_with("Domain ")) {
        const std::size_t end = rest.find(':');
        if (end != std::string::npos && end + 1 < rest.size() && rest[end + 1] != ' ') rest.insert(end + 1, " ");
    }
    return rest;
}

MessageLog::MessageLog() : hook_{} {
    hook_.owner = this;
    hook_.vtable.vmessage = [](xentoollog_logger * logger, xentoollog_level level, int error, const char* /*context*/,
                               const char* format, va_list arguments) __attribute__((format(printf, 5, 0))) {
        reinterpret_cast<Hook*>(logger)->owner->add(level, error, format, arguments);
    };
    hook_.vtable.progress = nullptr;
    hook_.vtable.destroy = [](xentoollog_logger*) {};
}

void MessageLog::add(xentoollog_level level, int error, const char* format, va_list arguments) {
    char buffer[1024];
    if (std::vsnprintf(buffer, sizeof buffer, format, arguments) < 0) return;
    std::string message = printable(buffer, sizeof buffer);
    if (error > 0) message.append(": ").append(std::strerror(error)); // NOLINT: no threads share the buffer
    if (level < XTL_WARN) {
        if (level >= XTL_DETAIL) log::debug("libxl: " + message);
        return;
    }
    log::debug("libxl: " + message);
    if (messages_.size() < most_messages) messages_.push_back(without_place(message));
}

} // namespace bulkhead::xen
