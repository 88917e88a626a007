// ExecPort: serves one virtio-serial port: one program at a time, its three streams and its end (lab/frame.hpp).
// When the host program goes away, the program's process group is killed.
#pragma once

#include "base/fd.hpp"
#include "base/loop.hpp"
#include "lab/frame.hpp"
#include "lab/init/children.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

namespace bulkhead::lab {

class ExecPort {
public:
    // `port`: a non-blocking stream, a virtio-serial port or, in tests, a socket.
    ExecPort(Loop& loop, Children& children, Fd port) : loop_(loop), children_(children), port_(std::move(port)) {}
    ~ExecPort() {
        loop_.cancel(hang_up_timer_);
        end_session();
    }
    ExecPort(const ExecPort&) = delete;
    ExecPort& operator=(const ExecPort&) = delete;

    [[nodiscard]] int fd() const { return port_.get(); }
    void ready(std::uint32_t events); // epoll(7) bits of the port

private:
    void pump();
    void read_port();
    bool flush_port();
    void handle(const Frame& frame);
    void start(const ExecRequest& request);
    void read_stream(Fd& stream, FrameType type);
    void write_input();
    void program_ended(int status);
    void finish_if_done();
    void watch_streams();
    void close_stream(Fd& stream);
    void end_session(); // kills what runs and forgets the session
    void send(FrameType type, std::string_view payload = {});

    Loop& loop_;
    Children& children_;
    Fd port_;
    FrameDecoder decoder_;
    std::optional<std::uint32_t> session_;
    std::string to_host_; // frames that the port has not taken yet
    std::string to_input_;
    bool input_ended_ = false;
    Fd input_, output_, error_; // with a terminal, input_ and output_ are two descriptors of its master side
    bool terminal_ = false;
    std::optional<pid_t> program_;
    std::optional<int> status_;
    unsigned hang_up_timer_ = 0; // 0: none
};

} // namespace bulkhead::lab
