#include "lab/terminal.hpp"

#include <unistd.h>

namespace bulkhead::lab {

RawTerminal::RawTerminal(int fd) {
    if (::tcgetattr(fd, &before_) != 0) return;
    termios raw = before_;
    ::cfmakeraw(&raw);
    if (::tcsetattr(fd, TCSADRAIN, &raw) == 0) fd_ = fd;
}

RawTerminal::~RawTerminal() {
    if (fd_ >= 0) ::tcsetattr(fd_, TCSADRAIN, &before_);
}

} // namespace bulkhead::lab
