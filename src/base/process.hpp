// Child processes without a shell: argument vectors, deadlines, bounded output.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace bulkhead {

struct Pipe {
    Fd read, write;
};
Result<Pipe> make_pipe(); // both ends close-on-exec

// Owns a running child; a child still running when its owner goes away is killed and reaped.
class Child {
public:
    explicit Child(pid_t pid) : pid_(pid) {}
    Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
    Child& operator=(Child&& other) noexcept;
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child();

    [[nodiscard]] pid_t pid() const { return pid_; }
    void kill(int signal) const;
    Result<int> wait();                                 // exit status as in a shell: 128+N for signal N
    pid_t release() { return std::exchange(pid_, -1); } // gives up ownership: it runs on

private:
    pid_t pid_;
};

struct SpawnOptions {
    int stdin_fd = -1; // -1: /dev/null
    int stdout_fd = -1;
    int stderr_fd = 2;
    std::string directory;        // empty: this process's
    bool new_session = false;     // setsid: terminal signals do not reach it
    bool die_with_parent = false; // SIGKILL when this process ends
};

// arguments[0] is looked up in PATH. A program that cannot be run is an error here, not an exit status.
Result<Child> spawn(const std::vector<std::string>& arguments, const SpawnOptions& options);

struct Output {
    int status = 0; // as Child::wait
    std::string out;
    std::string err;
};

// Runs to the end, feeding `input`, keeping at most `limit` bytes of each stream (more is an error).
// At the deadline the child is killed and an error says so.
Result<Output> run(const std::vector<std::string>& arguments, std::chrono::milliseconds deadline,
                   std::string_view input = {}, const std::string& directory = {}, std::size_t limit = 16 << 20);

// As run(), but a non-zero exit status is an error that carries the end of stderr.
Result<std::string> run_checked(const std::vector<std::string>& arguments, std::chrono::milliseconds deadline,
                                std::string_view input = {}, const std::string& directory = {});

} // namespace bulkhead
