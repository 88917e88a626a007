// Audit: one line of JSON for each decision of the mandatory policy, in a file that only root reads. Bounded: at
// size_max the file becomes FILE.1 and that of before goes. Denials go to the daemon's log as well.
#pragma once

#include "base/fd.hpp"

#include <cstddef>
#include <string>

namespace bulkhead::domain {

struct AuditEntry {
    std::string who;  // "uid 0", or "bulkheadd" for what the daemon does by itself
    std::string verb; // as in the API
    std::string domain, uuid, label;
    std::string resource; // empty: the domain itself
    std::string decision; // "allow", "deny", "would deny", "change"
    std::string reason;
};

class Audit {
public:
    static constexpr std::size_t size_max = 4 << 20; // bytes

    // An empty name: only the daemon's log.
    explicit Audit(std::string file) : file_(std::move(file)) {}
    // A file that cannot be written is told of in the daemon's log, with the line.
    void write(const AuditEntry& entry);
    [[nodiscard]] const std::string& file() const { return file_; }

private:
    bool put(const std::string& line);
    std::string file_;
    Fd fd_;
};

} // namespace bulkhead::domain
