// bulkheadd: opens what it needs, then serves events until it is told to stop.
#include "base/file.hpp"
#include "base/log.hpp"
#include "daemon/handlers.hpp"
#include "daemon/server.hpp"
#include "daemon/xl_conf_json.hpp"
#include "domain/event_loop.hpp"
#include "domain/flask_guard.hpp"
#include "domain/journal.hpp"
#include "domain/manager.hpp"
#include "driverdomain/supervisor.hpp"
#include "xen/context.hpp"
#include "xen/quota.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <systemd/sd-daemon.h>
#include <unistd.h>

using namespace bulkhead;

namespace {

struct Options {
    std::string state = "/var/lib/bulkhead/state.db";
    std::string socket = api::socket_path();
    bool keep_quota = false;
    bool debug = false;
};

constexpr const char* usage =
    "usage: bulkheadd [--state FILE] [--socket PATH] [--keep-quota] [--debug]\n"
    "       bulkheadd --xl-conf FILE\n"
    "The daemon of Bulkhead. Runs in the foreground in a Xen dom0, as root.\n"
    "  --state FILE   what it must remember (default /var/lib/bulkhead/state.db)\n"
    "  --socket PATH  where it listens (default $BULKHEAD_SOCKET or /run/bulkhead/bulkheadd.sock)\n"
    "  --keep-quota   leave xenstored's limits for domains as they are; otherwise they are raised for many vifs\n"
    "  --debug        log libxl's messages too\n"
    "  --xl-conf FILE print what an xl.conf(5) sets for vifs and ballooning, as JSON, and end\n";

Result<Options> parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const bool more = i + 1 < argc;
        if (word == "--state" && more)
            options.state = argv[++i];
        else if (word == "--socket" && more)
            options.socket = argv[++i];
        else if (word == "--debug")
            options.debug = true;
        else if (word == "--keep-quota")
            options.keep_quota = true;
        else
            return fail("unknown or incomplete option '" + word + "'\n" + usage);
    }
    return options;
}

std::string folder_of(const std::string& file) {
    const std::size_t slash = file.rfind('/');
    return slash == std::string::npos ? "." : file.substr(0, slash);
}

// For driver domains with many clients (docs/driver-domains.md). xenstored bounds a domain's memory besides.
void raise_quota() {
    constexpr unsigned nodes = 8000, watches = 2000;
    auto store = xen::Store::open();
    const auto raised = store ? xen::raise_quota(*store, nodes, watches) : tl::unexpected(store.error());
    if (!raised)
        log::warning("the limits of xenstored stay as they are: " + raised.error().message);
    else if (!*raised)
        log::info("this xenstored takes no orders: its limits stay as they are");
}

Result<int> serve(const Options& options) {
    if (::geteuid() != 0) return fail("bulkheadd must run as root in dom0");
    domain::EventLoop loop = TRY(domain::EventLoop::create());
    const domain::Source term = TRY(loop.signal(SIGTERM, [&] { loop.stop(0); }));
    const domain::Source interrupt = TRY(loop.signal(SIGINT, [&] { loop.stop(0); }));
    auto xen = TRY(xen::Context::open());
    domain::Journal journal = TRY(domain::Journal::open(options.state));
    const auto manager = TRY(domain::Manager::open(loop, std::move(xen), std::move(journal)));
    manager->security().set_hypervisor(domain::hypervisor_guard);
    driverdomain::Supervisor supervisor(loop, *manager, folder_of(options.state) + "/spare");
    manager->keep(supervisor);
    const auto server = TRY(daemon::Server::open(loop, options.socket, [&](const std::shared_ptr<daemon::Call>& call) {
        daemon::handle(*manager, supervisor, call);
    }));
    if (!options.keep_quota) raise_quota();
    TRY(manager->recover());
    log::info("ready on " + options.socket);
    sd_notify(0, "READY=1");
    const int status = TRY(loop.run());
    sd_notify(0, "STOPPING=1");
    return status;
}

} // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN); // NOLINT: cannot fail with these arguments
    if (argc == 2 && (std::strcmp(argv[1], "--help") == 0 || std::strcmp(argv[1], "-h") == 0)) {
        std::fputs(usage, stdout);
        return 0;
    }
    if (argc == 2 && std::strcmp(argv[1], "--version") == 0) {
        std::puts("bulkheadd " BULKHEAD_VERSION);
        return 0;
    }
    if (argc == 3 && std::strcmp(argv[1], "--xl-conf") == 0) {
        const Result<std::string> text = daemon::xl_conf_json(argv[2]);
        std::fprintf(text ? stdout : stderr, "%s\n", text ? text->c_str() : text.error().message.c_str());
        return text ? 0 : 1;
    }
    const bool journal = std::getenv("JOURNAL_STREAM") != nullptr; // NOLINT: one thread
    log::configure("bulkheadd", log::Level::info, journal);
    const Result<Options> options = parse(argc, argv);
    if (!options) {
        log::error(options.error().message);
        return 2;
    }
    if (options->debug) log::configure("bulkheadd", log::Level::debug, journal);
    try {
        const Result<int> status = serve(*options);
        if (status) return *status;
        log::error(status.error().message);
    } catch (const std::exception& error) { // memory exhausted, or a fault in a library
        log::error(std::string("internal error: ") + error.what());
    }
    return 1;
}
