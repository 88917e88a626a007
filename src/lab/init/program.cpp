#include "lab/init/program.hpp"

#include "base/process.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <vector>

namespace bulkhead::lab {
namespace {

struct Ends {
    Fd ours, theirs;
};

Result<Ends> pipe_ends(bool we_write) {
    Pipe pipe = TRY(make_pipe());
    if (we_write) std::swap(pipe.read, pipe.write);
    Ends pair{std::move(pipe.read), std::move(pipe.write)};
    ::fcntl(pair.ours.get(), F_SETPIPE_SZ, 1 << 20); // fewer switches under an emulated CPU; the default also works
    if (::fcntl(pair.ours.get(), F_SETFL, O_NONBLOCK) != 0) return fail_errno("fcntl");
    return pair;
}

Result<Ends> open_terminal(std::uint16_t rows, std::uint16_t columns) {
    Fd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
    if (!master || ::unlockpt(master.get()) != 0) return fail_errno("pseudo terminal");
    const winsize window{rows, columns, 0, 0};
    ::ioctl(master.get(), TIOCSWINSZ, &window);
    Fd slave(::ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!slave) return fail_errno("pseudo terminal");
    return Ends{std::move(master), std::move(slave)};
}

} // namespace

Result<Program> start_program(const ExecRequest& request) {
    Program program;
    Fd in, out, err;
    if (request.terminal) {
        Ends terminal = TRY(open_terminal(request.rows, request.columns));
        program.output = std::move(terminal.ours);
        program.input = Fd(::fcntl(program.output.get(), F_DUPFD_CLOEXEC, 3));
        in = std::move(terminal.theirs);
        if (!program.input) return fail_errno("dup");
    } else {
        Ends pipe = TRY(pipe_ends(true));
        program.input = std::move(pipe.ours);
        in = std::move(pipe.theirs);
        pipe = TRY(pipe_ends(false));
        program.output = std::move(pipe.ours);
        out = std::move(pipe.theirs);
        pipe = TRY(pipe_ends(false));
        program.error = std::move(pipe.ours);
        err = std::move(pipe.theirs);
    }
    Pipe report = TRY(make_pipe()); // closes by itself when exec succeeds

    std::vector<char*> argv;
    for (const std::string& argument : request.arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    const char* const folder = request.directory.empty() ? "/root" : request.directory.c_str();

    const pid_t pid = ::fork();
    if (pid < 0) return fail_errno("fork");
    if (pid == 0) { // a single-threaded parent: setenv and execvp are safe here
        ::setsid();
        if (request.terminal) ::ioctl(in.get(), TIOCSCTTY, 0);
        const int from[3] = {in.get(), out ? out.get() : in.get(), err ? err.get() : in.get()};
        bool ready = true;
        for (int fd = 0; fd < 3; ++fd) ready = ready && ::dup2(from[fd], fd) == fd; // sources are all above 2
        sigset_t none;
        sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        std::signal(SIGPIPE, SIG_DFL);
        ready = ready && ::chdir(folder) == 0;
        for (const auto& [name, value] : request.environment) ::setenv(name.c_str(), value.c_str(), 1);
        if (ready) ::execvp(argv[0], argv.data());
        const int code = errno;
        (void)!::write(report.write.get(), &code, sizeof code);
        ::_exit(127);
    }
    program.pid = pid;
    report.write.reset();
    int code = 0;
    ssize_t got = 0;
    while ((got = ::read(report.read.get(), &code, sizeof code)) < 0 && errno == EINTR) {
    }
    if (got > 0) return fail_errno("cannot run " + request.arguments[0] + " in " + folder + " of dom0", code);
    return program; // a child that failed is reaped by Children
}

} // namespace bulkhead::lab
