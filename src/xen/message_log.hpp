// MessageLog: a xentoollog logger that keeps errors and warnings. Private to src/xen.
#pragma once

#include "xen/libxl.hpp"

#include <string>
#include <vector>

namespace bulkhead::xen {

// libxl begins its messages with "file.c:123:function: "; people do not need it. Pure.
std::string without_place(const std::string& message);

class MessageLog {
public:
    MessageLog();
    MessageLog(const MessageLog&) = delete;
    MessageLog& operator=(const MessageLog&) = delete;

    [[nodiscard]] xentoollog_logger* logger() { return &hook_.vtable; }
    [[nodiscard]] const std::vector<std::string>& messages() const { return messages_; }
    void clear() { messages_.clear(); }
    void add(xentoollog_level level, int error, const char* format, va_list arguments)
        __attribute__((format(printf, 4, 0)));

private:
    struct Hook {
        xentoollog_logger vtable; // first: libxl hands us its address
        MessageLog* owner;
    };
    Hook hook_;
    std::vector<std::string> messages_;
};

} // namespace bulkhead::xen
