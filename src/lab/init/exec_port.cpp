#include "lab/init/exec_port.hpp"

#include "lab/init/program.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <utility>

namespace bulkhead::lab {
namespace {

// Above these the other side is not read any more, so that a slow reader slows its writer down.
constexpr std::size_t to_host_limit = 512 * 1024;
constexpr std::size_t to_input_limit = 512 * 1024;
constexpr std::size_t chunk = 64 * 1024;
constexpr auto hang_up_patience = std::chrono::seconds(3);

} // namespace

void ExecPort::ready(std::uint32_t events) {
    // The kernel learns that the host program has gone, and that the next one has come, later than it gets their bytes
    // (virtio_console handles its control queue in a work item). So a hang-up may be news of the session before this
    // one: only one that lasts ends the session, and that no `hello` has come after, which ends the one before it
    // anyway.
    if ((events & EPOLLHUP) != 0 && hang_up_timer_ == 0) {
        hang_up_timer_ = loop_.after(hang_up_patience, [this] {
            hang_up_timer_ = 0;
            pollfd port{port_.get(), 0, 0};
            if (::poll(&port, 1, 0) <= 0 || (port.revents & POLLHUP) == 0) return;
            to_host_.clear();
            // QEMU drops the news of a connection when the kernel is slow: then somebody does wait.
            if (session_) send(FrameType::refused, "dom0 took the line of this command for dead");
            end_session();
            decoder_.reset();
            flush_port();
        });
    }
    pump();
}

void ExecPort::pump() {
    if (flush_port()) finish_if_done();
    read_port();
    if (session_) watch_streams();
    flush_port();
}

bool ExecPort::flush_port() {
    while (!to_host_.empty()) {
        const ssize_t put = ::write(port_.get(), to_host_.data(), to_host_.size());
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return false; // the next edge continues
        to_host_.erase(0, static_cast<std::size_t>(put));
    }
    return true;
}

void ExecPort::read_port() {
    char buffer[chunk];
    while (to_input_.size() < to_input_limit) {
        const ssize_t got = ::read(port_.get(), buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return;
        decoder_.feed({buffer, static_cast<std::size_t>(got)});
        while (const auto frame = decoder_.next()) handle(*frame);
        write_input();
    }
}

void ExecPort::handle(const Frame& frame) {
    if (frame.type == FrameType::hello) {
        if (hang_up_timer_ != 0) loop_.cancel(std::exchange(hang_up_timer_, 0));
        end_session();
        session_ = frame.session;
        to_host_.clear();
        send(FrameType::hello);
        return;
    }
    if (!session_ || frame.session != *session_) return;
    switch (frame.type) {
    case FrameType::request:
        if (program_ || status_) return;
        if (const auto request = decode_request(frame.payload)) {
            start(*request);
        } else {
            send(FrameType::refused, request.error().message);
        }
        return;
    case FrameType::input:
        if (input_) to_input_.append(frame.payload);
        return;
    case FrameType::input_end:
        input_ended_ = true;
        return;
    case FrameType::resize:
        if (const auto size = decode_size(frame.payload); size && terminal_ && output_) {
            const winsize window{size->first, size->second, 0, 0};
            ::ioctl(output_.get(), TIOCSWINSZ, &window);
        }
        return;
    case FrameType::signal:
        if (const auto number = decode_number(frame.payload); number && program_ && *number > 0 && *number < 65) {
            ::kill(-*program_, static_cast<int>(*number));
        }
        return;
    default:
        return;
    }
}

void ExecPort::start(const ExecRequest& request) {
    auto program = start_program(request);
    if (!program) {
        send(FrameType::refused, program.error().message);
        return;
    }
    terminal_ = request.terminal;
    input_ = std::move(program->input);
    output_ = std::move(program->output);
    error_ = std::move(program->error);
    program_ = program->pid;
    children_.watch(program->pid, [this](int status) { program_ended(status); });
}

void ExecPort::write_input() {
    while (input_ && !to_input_.empty()) {
        const ssize_t put = ::write(input_.get(), to_input_.data(), to_input_.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0 && errno == EAGAIN) return;
        if (put < 0) { // nobody reads it any more
            to_input_.clear();
            close_stream(input_);
            return;
        }
        to_input_.erase(0, static_cast<std::size_t>(put));
    }
    if (!input_) to_input_.clear();
    if (input_ && input_ended_ && to_input_.empty()) {
        if (terminal_) {
            // A terminal has no end of file: its driver makes one from the EOF character at the start of a line.
            input_ended_ = false;
            (void)!::write(input_.get(), "\x04", 1);
        } else {
            close_stream(input_);
        }
    }
}

void ExecPort::read_stream(Fd& stream, FrameType type) {
    char buffer[chunk];
    while (stream && to_host_.size() < to_host_limit) {
        const ssize_t got = ::read(stream.get(), buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) {
            // All has been read. A background process may keep the stream open for ever: the program's own end counts.
            if (status_) close_stream(stream);
            break;
        }
        if (got <= 0) {
            close_stream(stream);
            break;
        }
        send(type, {buffer, static_cast<std::size_t>(got)});
    }
    flush_port();
}

void ExecPort::watch_streams() {
    const bool room = to_host_.size() < to_host_limit;
    const auto watch_output = [&](Fd& stream, FrameType type) {
        if (!stream) return;
        if (!room) {
            loop_.unwatch(stream.get());
            return;
        }
        loop_.watch(stream.get(), POLLIN, [this, &stream, type](short) {
            read_stream(stream, type);
            finish_if_done();
            if (session_) watch_streams();
        });
    };
    watch_output(output_, FrameType::output);
    watch_output(error_, FrameType::error);
    if (!input_) return;
    if (to_input_.empty()) {
        loop_.unwatch(input_.get());
    } else {
        loop_.watch(input_.get(), POLLOUT, [this](short) {
            write_input();
            pump();
        });
    }
    if (to_input_.empty() && input_ended_) write_input();
}

void ExecPort::program_ended(int status) {
    program_.reset();
    status_ = status;
    read_stream(output_, FrameType::output);
    read_stream(error_, FrameType::error);
    finish_if_done();
    if (session_) watch_streams();
}

void ExecPort::finish_if_done() {
    if (!session_ || !status_) return;
    if (output_ && to_host_.size() < to_host_limit) read_stream(output_, FrameType::output);
    if (error_ && to_host_.size() < to_host_limit) read_stream(error_, FrameType::error);
    if (output_ || error_) return;
    send(FrameType::exit, encode_number(static_cast<std::uint32_t>(*status_)));
    end_session();
    flush_port();
}

void ExecPort::close_stream(Fd& stream) {
    if (!stream) return;
    loop_.unwatch(stream.get());
    stream.reset();
}

void ExecPort::end_session() {
    if (program_) {
        const pid_t group = *program_;
        // Politely first; when the leader ends its pid is not reaped yet, so the group is still its own.
        const unsigned timer = loop_.after(std::chrono::seconds(2), [group] { ::kill(-group, SIGKILL); });
        children_.watch(group, [this, group, timer](int) {
            loop_.cancel(timer);
            ::kill(-group, SIGKILL);
        });
        ::kill(-group, SIGHUP);
        ::kill(-group, SIGTERM);
    }
    program_.reset();
    status_.reset();
    session_.reset();
    close_stream(input_);
    close_stream(output_);
    close_stream(error_);
    to_input_.clear();
    input_ended_ = false;
    terminal_ = false;
}

void ExecPort::send(FrameType type, std::string_view payload) {
    to_host_.append(encode_frame(type, session_.value_or(0), payload));
}

} // namespace bulkhead::lab
