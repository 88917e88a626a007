// LockFile: one process at a time, by flock(2). Ends with the object, or with the process.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <string>

namespace bulkhead {

class LockFile {
public:
    // Waits, 60 s at most; then ETIMEDOUT: "WHAT, for 60 s already; try again later".
    static Result<LockFile> take(const std::string& file, const std::string& what);

private:
    explicit LockFile(Fd fd) : fd_(std::move(fd)) {}
    Fd fd_;
};

} // namespace bulkhead
