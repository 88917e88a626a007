// Interrupts: holds back the signals that would end the program in the middle of something, and tells that one came.
#pragma once

#include "base/fd.hpp"

#include <csignal>

namespace bulkhead::lab {

// SIGINT, SIGTERM and SIGHUP stay pending as long as this lives; when it goes away the old mask returns and with it
// what they do. One within another sees the same signals: looking does not take them away.
class Interrupts {
public:
    Interrupts();
    ~Interrupts();
    Interrupts(const Interrupts&) = delete;
    Interrupts& operator=(const Interrupts&) = delete;

    [[nodiscard]] int fd() const { return fd_.get(); } // readable when one has come
    [[nodiscard]] bool arrived() const;

private:
    sigset_t old_{};
    Fd fd_;
};

} // namespace bulkhead::lab
