// bulkhead-agent: serves the network back ends of a driver domain. As the first process (/init of a service VM) it also
// prepares the system and loads drivers; started in an ordinary system it leaves both to that system.
#include "agent/agent.hpp"
#include "agent/init.hpp"
#include "agent/mounts.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

#include <csignal>
#include <exception>
#include <getopt.h>
#include <unistd.h>

namespace {

using namespace bulkhead;

constexpr const char* help =
    "usage: bulkhead-agent [--cmdline FILE] [--sysfs FOLDER] [--link-deadline MS]\n"
    "Serves this driver domain's vifs: watches xenstore, makes the bridge, connects vifs to it.\n"
    "  --cmdline FILE      read bulkhead.* settings from FILE, not /proc/cmdline\n"
    "  --sysfs FOLDER      look for network cards in FOLDER, not /sys\n"
    "  --link-deadline MS  how long netback may take to make a vif's link (default 10000)\n"
    "  --version           print the version\n"
    "XENSTORED_PATH names another xenstore than /run/xenstored/socket or /dev/xen/xenbus.\n";

struct Command {
    agent::Options options;
    std::string cmdline = "/proc/cmdline";
};

int serve(Command command) {
    const auto text = read_file(command.cmdline, 64 * 1024);
    if (text) {
        command.options.settings = agent::parse_settings(*text);
    } else {
        log::warning(text.error().message + ": using the defaults");
    }
    if (command.options.settings.debug) log::configure("agent", log::Level::debug, false);
    Status done;
    try { // the standard library throws when memory runs out
        auto made = agent::Agent::create(std::move(command.options));
        done = made ? (*made)->run() : Status(tl::unexpected(made.error()));
    } catch (const std::exception& error) {
        done = fail(error.what());
    }
    if (done) return 0;
    log::error(done.error().message);
    return 1;
}

// An exit status when there is nothing to serve.
std::optional<int> parse(int argc, char** argv, Command& command) {
    enum { cmdline = 256, sysfs, link_deadline, version, usage };
    const option options[] = {{"cmdline", required_argument, nullptr, cmdline},
                              {"sysfs", required_argument, nullptr, sysfs},
                              {"link-deadline", required_argument, nullptr, link_deadline},
                              {"version", no_argument, nullptr, version},
                              {"help", no_argument, nullptr, usage},
                              {nullptr, 0, nullptr, 0}};
    for (int found = 0; (found = ::getopt_long(argc, argv, "h", options, nullptr)) != -1;) {
        switch (found) {
        case cmdline:
            command.cmdline = optarg;
            break;
        case sysfs:
            command.options.sysfs = optarg;
            break;
        case link_deadline: {
            const auto milliseconds = parse_unsigned(optarg, 3600'000);
            if (!milliseconds) {
                log::error("--link-deadline: '" + printable(optarg, 40) + "' is not a number of milliseconds");
                return 2;
            }
            command.options.timing.link_deadline = std::chrono::milliseconds(*milliseconds);
            break;
        }
        case version:
            (void)write_all(STDOUT_FILENO, "bulkhead-agent " BULKHEAD_VERSION "\n");
            return 0;
        case 'h':
        case usage:
            (void)write_all(STDOUT_FILENO, help);
            return 0;
        default:
            (void)write_all(STDERR_FILENO, help);
            return 2;
        }
    }
    if (optind == argc) return std::nullopt;
    log::error("'" + printable(argv[optind], 80) + "' is not an option");
    (void)write_all(STDERR_FILENO, help);
    return 2;
}

} // namespace

int main(int argc, char** argv) {
    log::configure("agent", log::Level::info, false);
    if (argc > 0 && agent::is_power_command(argv[0])) return agent::run_power_command(argv[0]);
    std::signal(SIGPIPE, SIG_IGN);
    Command command;
    if (::getpid() != 1) {
        if (const auto status = parse(argc, argv, command)) return *status;
        return serve(std::move(command));
    }
    // The kernel hands init whatever words of its command line it does not know: no options here.
    if (const Status done = agent::prepare_system(); !done) log::error(done.error().message);
    command.options.modules = "/lib/bulkhead";
    for (;;) agent::run_init([&command] { return serve(command); });
}
