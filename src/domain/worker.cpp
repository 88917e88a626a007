#include "domain/worker.hpp"

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "domain/labelled.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <exception>
#include <linux/close_range.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace bulkhead::domain {
namespace {

// Types of frames. From the child: progress, intent, question, result, error. To the child: go, no.
constexpr char progress_type = 'p', intent_type = 'i', result_type = 'r', error_type = 'e', go_type = 'g',
               no_type = 'n', ask_type = 'q';

std::string pack_error(const Error& error) {
    return std::to_string(error.code) + " " + error.message;
}

Error unpack_error(const std::string& bytes) {
    const std::size_t space = bytes.find(' ');
    if (space == std::string::npos) return {bytes, 0};
    return {bytes.substr(space + 1), static_cast<int>(std::strtol(bytes.c_str(), nullptr, 10))};
}

// Everything inherited but stdio and the line to the daemon: other clients' sockets must not stay open in here.
void close_others(int keep) {
    const auto kept = static_cast<unsigned>(keep);
    if (kept > 3) (void)::close_range(3, kept - 1, 0);
    (void)::close_range(kept + 1, UINT_MAX, 0);
}

[[noreturn]] void child(int fd, pid_t parent, const Job& job, const std::function<void()>& in_child) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    ::setpgid(0, 0); // so that its own children (hotplug scripts) can be killed with it
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGPIPE}) {
        std::signal(number, number == SIGPIPE ? SIG_IGN : SIG_DFL); // NOLINT: cannot fail with these
    }
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr); // libxl needs SIGCHLD
    if (in_child) in_child();
    close_others(fd);
    std::string answer;
    try {
        const WorkerSide side(fd, job.labelled);
        Result<std::string> result = job.run(side);
        if (result && result->size() > frame_size_max) result = fail("the answer is too large");
        answer = result ? pack_frame(result_type, *result) : pack_frame(error_type, pack_error(result.error()));
    } catch (const std::exception& error) { // memory exhausted
        answer = pack_frame(error_type, pack_error({std::string("internal error: ") + error.what(), 0}));
    }
    (void)write_all(fd, answer); // a daemon that is gone has killed us
    ::_exit(0);
}

} // namespace

void WorkerSide::progress(std::string_view text) const {
    (void)write_all(fd_, pack_frame(progress_type, text.substr(0, 4096)));
}

Status WorkerSide::intent(std::string_view what) const {
    TRY(exchange(intent_type, what));
    return {};
}

Result<std::string> WorkerSide::ask(std::string_view question) const {
    if (question.size() > frame_size_max) return fail("the domain has too many devices to ask the policy about");
    return exchange(ask_type, question);
}

const LabelledSet& WorkerSide::labelled() const {
    static const LabelledSet none;
    return labelled_ == nullptr ? none : *labelled_;
}

Result<std::string> WorkerSide::exchange(char type, std::string_view what) const {
    TRY(write_all(fd_, pack_frame(type, what)));
    FrameReader reader;
    for (;;) {
        if (const std::optional<Frame> frame = TRY(reader.next())) {
            if (frame->type == go_type) return frame->bytes;
            return tl::unexpected(unpack_error(frame->bytes));
        }
        char buffer[4096];
        const ssize_t got = ::read(fd_, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return fail("bulkheadd went away");
        reader.add(std::string_view(buffer, static_cast<std::size_t>(got)));
    }
}

struct Workers::Worker {
    Job job;
    pid_t pid = 0;
    Fd line;
    FrameReader reader;
    std::optional<Result<std::string>> result;
    bool expired = false;
    bool stopped = false;
    Source readable, ended, deadline;

    ~Worker() {
        if (pid <= 0) return;
        ended.reset();
        ::kill(-pid, SIGKILL);
        ::kill(pid, SIGKILL); // it may not have made its group yet
        while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
};

Workers::Workers(EventLoop& loop, std::function<void()> in_child) : loop_(loop), in_child_(std::move(in_child)) {}
Workers::~Workers() = default;

std::size_t Workers::heavy_most() {
    return std::max<std::size_t>(4, 2 * std::size_t{std::thread::hardware_concurrency()});
}

Result<Workers::Id> Workers::start(Job job) {
    if (running() >= most) {
        return fail(job.name + ": " + std::to_string(most) + " operations are running already; wait for one to end",
                    EAGAIN);
    }
    const Id id = next_++;
    const auto heavy = [](const auto& entry) { return entry.second->job.heavy; };
    const auto heavies = static_cast<std::size_t>(std::count_if(workers_.begin(), workers_.end(), heavy));
    if (job.heavy && heavies >= heavy_most())
        waiting_.push_back({id, std::move(job)});
    else
        TRY(run(id, std::move(job)));
    return id;
}

// A heavy worker has ended.
void Workers::next_heavy() {
    while (!waiting_.empty()) {
        Waiting next = std::move(waiting_.front());
        waiting_.pop_front();
        const auto done = next.job.done;
        const Status started = run(next.id, std::move(next.job));
        if (started) return;
        done(tl::unexpected(started.error()), false);
    }
}

Status Workers::run(Id id, Job job) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return fail_errno(job.name + ": socketpair");
    Fd ours(ends[0]);
    Fd theirs(ends[1]);
    // The loop is told of the end by SIGCHLD or a pidfd; both want the signal blocked before the child can end.
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) return fail_errno(job.name + ": fork");
    if (pid == 0) child(theirs.get(), parent, job, in_child_);
    theirs.reset();
    auto worker = std::make_unique<Worker>();
    worker->pid = pid;
    worker->job = std::move(job);
    worker->line = std::move(ours);
    worker->readable = TRY(loop_.watch(worker->line.get(), EPOLLIN, [this, id](std::uint32_t) { readable(id); }));
    worker->ended = TRY(loop_.child(pid, [this, id](int status) { ended(id, status); }));
    if (worker->job.deadline.count() > 0) {
        worker->deadline = TRY(loop_.after(worker->job.deadline, [this, id] { expired(id); }));
    }
    workers_.emplace(id, std::move(worker));
    return {};
}

void Workers::cancel(Id id) {
    std::erase_if(waiting_, [id](const Waiting& waiting) { return waiting.id == id; });
    const auto found = workers_.find(id);
    if (found == workers_.end()) return;
    const bool heavy = found->second->job.heavy;
    workers_.erase(found);
    if (heavy) next_heavy();
}

void Workers::stop(Id id) {
    const auto waits = std::find_if(waiting_.begin(), waiting_.end(), [id](const Waiting& w) { return w.id == id; });
    if (waits != waiting_.end()) {
        const Job job = std::move(waits->job);
        waiting_.erase(waits);
        job.done(fail(job.name + ": stopped", ECANCELED), false);
        return;
    }
    const auto found = workers_.find(id);
    if (found == workers_.end()) return;
    found->second->stopped = true;
    ::kill(-found->second->pid, SIGKILL);
    ::kill(found->second->pid, SIGKILL); // it may not have made its group yet
}

// Reads what is there; the child's end, not the end of the stream, ends the worker: a grandchild may hold the line
// open.
void Workers::readable(Id id) {
    for (;;) {
        const auto found = workers_.find(id);
        if (found == workers_.end()) return; // a callback cancelled it
        Worker& worker = *found->second;
        char buffer[64 * 1024];
        const ssize_t got = ::recv(worker.line.get(), buffer, sizeof buffer, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR) continue;
        if (got == 0) worker.readable.reset();
        if (got <= 0) return;
        worker.reader.add(std::string_view(buffer, static_cast<std::size_t>(got)));
        for (;;) {
            Result<std::optional<Frame>> frame = worker.reader.next();
            if (!frame) {
                worker.readable.reset();
                ::kill(-worker.pid, SIGKILL);
                return;
            }
            if (!*frame) break;
            if (!serve(id, **frame)) return;
        }
    }
}

// false: the worker is gone.
bool Workers::serve(Id id, const Frame& frame) {
    Worker& worker = *workers_.at(id);
    switch (frame.type) {
    case progress_type:
        if (worker.job.progress) worker.job.progress(frame.bytes);
        break;
    case ask_type:
    case intent_type: {
        const bool asks = frame.type == ask_type;
        Result<std::string> answer = asks ? Result<std::string>(fail("nobody is there to decide")) : std::string();
        if (asks && worker.job.ask) {
            answer = worker.job.ask(frame.bytes);
        } else if (!asks && worker.job.intent) {
            if (const Status written = worker.job.intent(frame.bytes); !written)
                answer = tl::unexpected(written.error());
        }
        if (!workers_.contains(id)) return false;
        // The child does nothing but read it: this does not block for long.
        (void)write_all(worker.line.get(),
                        answer ? pack_frame(go_type, *answer) : pack_frame(no_type, pack_error(answer.error())));
        break;
    }
    case result_type:
        worker.result.emplace(frame.bytes);
        break;
    case error_type:
        worker.result.emplace(tl::unexpected(unpack_error(frame.bytes)));
        break;
    default:
        break;
    }
    return workers_.contains(id);
}

void Workers::ended(Id id, int status) {
    readable(id); // the last words
    const auto found = workers_.find(id);
    if (found == workers_.end()) return;
    const std::unique_ptr<Worker> worker = std::move(found->second);
    workers_.erase(found);
    if (worker->job.heavy) next_heavy();
    worker->pid = -1; // reaped by the loop
    worker->ended.reset();
    const std::string& name = worker->job.name;
    if (worker->result) {
        worker->job.done(std::move(*worker->result), false);
    } else if (worker->expired) {
        worker->job.done(fail(name + ": no result within " + std::to_string(worker->job.deadline.count() / 1000) +
                                  " s; it was stopped",
                              ETIMEDOUT),
                         true);
    } else if (worker->stopped) {
        worker->job.done(fail(name + ": stopped", ECANCELED), true);
    } else {
        const std::string how = WIFSIGNALED(status)
                                    ? std::string("killed by signal ") + std::to_string(WTERMSIG(status)) + " (" +
                                          ::strsignal(WTERMSIG(status)) + ")" // NOLINT: one thread
                                    : "exit status " + std::to_string(WEXITSTATUS(status));
        log::error("worker for " + name + ": " + how);
        worker->job.done(fail(name + ": its worker process ended without a result: " + how), true);
    }
}

void Workers::expired(Id id) {
    Worker& worker = *workers_.at(id);
    worker.expired = true;
    ::kill(-worker.pid, SIGKILL);
    ::kill(worker.pid, SIGKILL);
}

} // namespace bulkhead::domain
