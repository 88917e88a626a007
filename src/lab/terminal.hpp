// RawTerminal: the terminal passes every key on as it is; put back in order when this goes away.
#pragma once

#include <termios.h>

namespace bulkhead::lab {

class RawTerminal {
public:
    // Does nothing when `fd` is not a terminal.
    explicit RawTerminal(int fd);
    ~RawTerminal();
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;

private:
    int fd_ = -1;
    termios before_{};
};

} // namespace bulkhead::lab
