#include "base/process.hpp"

#include "base/text.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bulkhead {
namespace {

// Only async-signal-safe calls between fork and exec.
[[noreturn]] void child_exec(char* const* argv, const SpawnOptions& options, int null_fd, int error_fd, pid_t parent) {
    if (options.new_session) ::setsid();
    if (options.die_with_parent) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(1);
    }
    // Copies above 2 first: a source that is itself 0, 1 or 2 must not be overwritten before it is used.
    int source[3] = {options.stdin_fd, options.stdout_fd, options.stderr_fd};
    for (int& fd : source) fd = ::fcntl(fd < 0 ? null_fd : fd, F_DUPFD_CLOEXEC, 3);
    bool ready = true;
    for (int fd = 0; fd < 3; ++fd) ready = ready && ::dup2(source[fd], fd) >= 0;
    // Whoever started us may have left descriptors open without CLOEXEC; a long-lived child must not hold them.
    if (error_fd > 3) ::close_range(3, static_cast<unsigned>(error_fd) - 1, 0);
    ::close_range(static_cast<unsigned>(error_fd) + 1, ~0U, 0);
    if (ready && !options.directory.empty()) ready = ::chdir(options.directory.c_str()) == 0;
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    std::signal(SIGPIPE, SIG_DFL);
    if (ready) ::execvp(argv[0], argv);
    const int code = errno;
    (void)!::write(error_fd, &code, sizeof code);
    ::_exit(127);
}

int exit_status(int raw) {
    return WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
}

} // namespace

Result<Pipe> make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("pipe");
    return Pipe{Fd(ends[0]), Fd(ends[1])};
}

Child& Child::operator=(Child&& other) noexcept {
    std::swap(pid_, other.pid_);
    return *this;
}

Child::~Child() {
    if (pid_ <= 0) return;
    kill(SIGKILL);
    (void)wait();
}

void Child::kill(int signal) const {
    if (pid_ > 0) ::kill(pid_, signal);
}

Result<int> Child::wait() {
    if (pid_ <= 0) return fail("no child to wait for");
    int raw = 0;
    while (::waitpid(pid_, &raw, 0) < 0) {
        if (errno == EINTR) continue;
        pid_ = -1;
        return fail_errno("waitpid");
    }
    pid_ = -1;
    return exit_status(raw);
}

Result<Child> spawn(const std::vector<std::string>& arguments, const SpawnOptions& options) {
    if (arguments.empty()) return fail("no program to run");
    std::vector<char*> argv;
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    const Fd null_fd(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null_fd) return fail_errno("/dev/null");
    Pipe error = TRY(make_pipe()); // closes by itself when exec succeeds
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) return fail_errno("fork");
    if (pid == 0) child_exec(argv.data(), options, null_fd.get(), error.write.get(), parent);
    Child child(pid);
    error.write.reset();
    int code = 0;
    ssize_t got = 0;
    while ((got = ::read(error.read.get(), &code, sizeof code)) < 0 && errno == EINTR) {
    }
    if (got > 0) return fail_errno("cannot run " + arguments[0], code);
    return child;
}

Result<Output> run(const std::vector<std::string>& arguments, std::chrono::milliseconds deadline,
                   std::string_view input, const std::string& directory, std::size_t limit) {
    Pipe in = TRY(make_pipe());
    Pipe out = TRY(make_pipe());
    Pipe err = TRY(make_pipe());
    SpawnOptions options;
    options.stdin_fd = in.read.get();
    options.stdout_fd = out.write.get();
    options.stderr_fd = err.write.get();
    options.directory = directory;
    options.die_with_parent = true;
    Child child = TRY(spawn(arguments, options));
    in.read.reset();
    out.write.reset();
    err.write.reset();
    ::fcntl(in.write.get(), F_SETFL, O_NONBLOCK);
    if (input.empty()) in.write.reset();

    Output output;
    const auto end = std::chrono::steady_clock::now() + deadline;
    while (in.write || out.read || err.read) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        if (left.count() <= 0)
            return fail(arguments[0] + ": no answer within " + std::to_string(deadline.count()) + " ms", ETIMEDOUT);
        pollfd fds[3] = {{in.write.get(), POLLOUT, 0}, {out.read.get(), POLLIN, 0}, {err.read.get(), POLLIN, 0}};
        if (::poll(fds, 3, static_cast<int>(left.count())) < 0 && errno != EINTR) return fail_errno("poll");
        if (fds[0].revents != 0) {
            const ssize_t put = ::write(in.write.get(), input.data(), input.size());
            if (put >= 0) input.remove_prefix(static_cast<std::size_t>(put));
            if (input.empty() || (put < 0 && errno != EAGAIN && errno != EINTR)) in.write.reset();
        }
        for (int i = 1; i < 3; ++i) {
            if (fds[i].revents == 0) continue;
            Fd& fd = i == 1 ? out.read : err.read;
            std::string& sink = i == 1 ? output.out : output.err;
            char buffer[64 * 1024];
            const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
            if (got > 0) sink.append(buffer, static_cast<std::size_t>(got));
            if (got == 0 || (got < 0 && errno != EINTR)) fd.reset();
            if (sink.size() > limit)
                return fail(arguments[0] + ": wrote more than " + std::to_string(limit) + " bytes");
        }
    }
    output.status = TRY(child.wait());
    return output;
}

Result<std::string> run_checked(const std::vector<std::string>& arguments, std::chrono::milliseconds deadline,
                                std::string_view input, const std::string& directory) {
    Output output = TRY(run(arguments, deadline, input, directory));
    if (output.status == 0) return std::move(output.out);
    std::string_view last = trim(output.err);
    if (last.size() > 800) last.remove_prefix(last.size() - 800);
    return fail(join(arguments, " ") + ": exit status " + std::to_string(output.status) +
                (last.empty() ? "" : "\n" + std::string(last)));
}

} // namespace bulkhead
