// Toolstack: starts what makes a Linux kernel on Xen a dom0: xenstored, xen-init-dom0, xenconsoled, bulkheadd; one
// after the other, each waited for by its own sign of life.
#pragma once

#include "base/fd.hpp"
#include "base/loop.hpp"
#include "base/result.hpp"
#include "lab/init/children.hpp"

#include <functional>
#include <string>
#include <vector>

namespace bulkhead::lab {

class Toolstack {
public:
    struct Events {
        std::function<void(const std::string& stage)> reached; // "xenstored", "toolstack", "daemon", "ready"
        std::function<void(const std::string& reason)> failed; // the toolstack cannot become ready
        std::function<void(const std::string& text)> warning;  // worth knowing; the lab is usable
    };

    Toolstack(Loop& loop, Children& children, Events events)
        : loop_(loop), children_(children), events_(std::move(events)) {}
    Toolstack(const Toolstack&) = delete;
    Toolstack& operator=(const Toolstack&) = delete;

    // `xenstored`: see lab/xenstored.hpp. Returns at once; Events tell how it goes on.
    void start(const std::string& xenstored);

private:
    using Next = std::function<void()>;

    Result<pid_t> launch(const std::vector<std::string>& arguments, const std::string& log);
    // Calls `next` when a connection to the Unix socket is accepted. Looks whenever its folder changes.
    void wait_for_socket(const std::string& path, std::chrono::seconds deadline, Next next, Next late);
    void start_console();
    void start_daemon();
    void daemon_ended(int status);

    Loop& loop_;
    Children& children_;
    Events events_;
    Fd inotify_;
    unsigned timer_ = 0;
    bool ready_ = false;
    unsigned daemon_failures_ = 0;
};

} // namespace bulkhead::lab
