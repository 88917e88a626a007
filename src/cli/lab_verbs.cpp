#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/verb.hpp"
#include "lab/boot.hpp"
#include "lab/console.hpp"
#include "lab/demo.hpp"
#include "lab/interrupts.hpp"
#include "lab/lab.hpp"
#include "lab/log.hpp"
#include "lab/terminal.hpp"
#include "lab/transfer.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sys/ioctl.h>
#include <unistd.h>

namespace bulkhead::cli {
namespace {

using nlohmann::ordered_json;

constexpr Option name_option = {'N', "name", "NAME", "which lab (default: \"default\")"};

std::string lab_name(const Arguments& arguments) {
    return arguments.value("name").value_or("default");
}

Result<lab::Lab> the_lab(const Arguments& arguments) {
    return context(lab::Lab::of(lab_name(arguments)), "--name");
}

void print(const ordered_json& json) {
    std::printf("%s\n", json.dump(2).c_str());
}

Result<unsigned> number(const Arguments& arguments, const char* option, unsigned otherwise) {
    const auto text = arguments.value(option);
    if (!text) return otherwise;
    const auto value = parse_unsigned(*text, 1'000'000'000);
    if (!value) return usage_error(std::string("--") + option + " " + printable(*text) + ": a number is wanted");
    return static_cast<unsigned>(*value);
}

Result<lab::LabOptions> lab_options(const Arguments& arguments) {
    lab::LabOptions options;
    options.name = lab_name(arguments);
    options.nic = arguments.value("nic").value_or(options.nic);
    options.xenstored = arguments.value("xenstored").value_or(options.xenstored);
    options.memory = TRY(number(arguments, "memory", options.memory));
    options.dom0_memory = TRY(number(arguments, "dom0-memory", options.dom0_memory));
    options.processors = TRY(number(arguments, "processors", options.processors));
    options.iommu = !arguments.has("no-iommu");
    options.nic_in_dom0 = arguments.has("nic-in-dom0");
    options.parts = arguments.values("with");
    options.hypervisor = arguments.value("hypervisor").value_or("");
    options.xsm_policy = arguments.value("xsm-policy").value_or("");
    options.xen_arguments = arguments.value("xen-arguments").value_or("");
    options.dom0_arguments = arguments.value("dom0-arguments").value_or("");
    for (const std::string& image : arguments.values("image")) {
        const std::size_t mark = image.find('=');
        if (mark == std::string::npos) return usage_error("--image " + printable(image) + ": NAME=FOLDER is wanted");
        options.images.emplace_back(image.substr(0, mark), image.substr(mark + 1));
    }
    return options;
}

ordered_json state_json(const lab::LabState& state) {
    return {{"name", state.name},      {"pid", state.pid},       {"accelerator", state.accelerator},
            {"nic", state.nic},        {"memory", state.memory}, {"xenstored", state.xenstored},
            {"seconds", state.seconds}};
}

// What a shell expects of a program that Ctrl-C ended.
int interrupted() {
    std::fprintf(stderr, "bulkhead: interrupted; nothing is left of the lab\n");
    return 128 + SIGINT;
}

Result<int> up(const Arguments& arguments) {
    const lab::LabOptions options = TRY(lab_options(arguments));
    lab::BootOptions boot;
    boot.deadline = std::chrono::seconds(TRY(number(arguments, "timeout", 180)));
    boot.keep_logs = arguments.has("keep-logs");
    const bool quiet = arguments.has("quiet") || arguments.has("json");
    if (!quiet) {
        boot.progress = [](const std::string& stage, double seconds) {
            std::fprintf(stderr, "%6.1f s  %s\n", seconds, stage.c_str());
        };
    }
    const lab::Interrupts interrupts; // the signal ends us after the message, with the status that a shell expects
    const auto booted = lab::boot_lab(options, boot);
    if (!booted && booted.error().code == EINTR) return interrupted();
    const lab::BootReport report = TRY(booted);
    for (const std::string& warning : report.warnings) std::fprintf(stderr, "bulkhead: warning: %s\n", warning.c_str());
    if (arguments.has("json")) {
        ordered_json json = state_json(report.state);
        for (const auto& [stage, seconds] : report.stages)
            json["stages"].push_back({{"name", stage}, {"seconds", seconds}});
        json["warnings"] = report.warnings;
        print(json);
    }
    return 0;
}

Result<int> exec(const Arguments& arguments) {
    const lab::Lab lab = TRY(the_lab(arguments));
    lab::ExecRequest request;
    request.arguments = arguments.positional();
    request.directory = arguments.value("directory").value_or("");
    for (const std::string& variable : arguments.values("env")) {
        const std::size_t mark = variable.find('=');
        if (mark == std::string::npos || mark == 0)
            return usage_error("--env " + printable(variable) + ": NAME=VALUE is wanted");
        request.environment.emplace_back(variable.substr(0, mark), variable.substr(mark + 1));
    }
    lab::SessionStreams streams;
    streams.input = STDIN_FILENO;
    streams.output = [](std::string_view bytes) { return context(write_all(STDOUT_FILENO, bytes), "stdout"); };
    streams.error = [](std::string_view bytes) { return context(write_all(STDERR_FILENO, bytes), "stderr"); };
    streams.forward_signals = true;
    std::optional<lab::RawTerminal> raw;
    if (arguments.has("tty")) {
        request.terminal = true;
        winsize size{};
        if (::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0) {
            request.rows = size.ws_row;
            request.columns = size.ws_col;
            streams.terminal = STDIN_FILENO;
        }
        if (const char* term = std::getenv("TERM")) request.environment.emplace_back("TERM", term);
        raw.emplace(STDIN_FILENO);
    }
    const auto deadline = arguments.has("timeout")
                              ? std::chrono::milliseconds(std::chrono::seconds(TRY(number(arguments, "timeout", 0))))
                              : std::chrono::milliseconds::max();
    return lab.session(request, streams, deadline);
}

Result<int> put(const Arguments& arguments) {
    const lab::Lab lab = TRY(the_lab(arguments));
    const std::uint64_t size = TRY(lab::put(lab, arguments.positional()[0], arguments.positional()[1]));
    if (arguments.has("json")) print({{"bytes", size}});
    return 0;
}

Result<int> get(const Arguments& arguments) {
    const lab::Lab lab = TRY(the_lab(arguments));
    const std::uint64_t size = TRY(lab::get(lab, arguments.positional()[0], arguments.positional()[1]));
    if (arguments.has("json")) print({{"bytes", size}});
    return 0;
}

Result<int> down(const Arguments& arguments) {
    std::vector<std::string> names = {lab_name(arguments)};
    if (arguments.has("all")) names = TRY(lab::lab_names());
    ordered_json ended = ordered_json::array();
    for (const std::string& name : names) {
        const lab::Lab lab = TRY(context(lab::Lab::of(name), "--name"));
        if (!lab.place().there()) continue;
        TRY(lab.down(arguments.has("clean")));
        ended.push_back(name);
    }
    if (arguments.has("json")) {
        print({{"ended", ended}});
    } else if (ended.empty()) {
        std::fprintf(stderr, "bulkhead: no lab was up\n");
    }
    return 0;
}

const char* life_name(lab::Life life) {
    switch (life) {
    case lab::Life::running:
        return "running";
    case lab::Life::starting:
        return "starting";
    case lab::Life::dead:
        return "dead";
    case lab::Life::absent:
        break;
    }
    return "absent";
}

Result<int> status(const Arguments& arguments) {
    std::vector<std::string> names = TRY(lab::lab_names());
    if (const auto name = arguments.value("name")) names = {*name};
    ordered_json list = ordered_json::array();
    bool all_run = true;
    for (const std::string& name : names) {
        const lab::Lab lab = TRY(context(lab::Lab::of(name), "--name"));
        const lab::LabStatus now = lab.status();
        all_run = all_run && now.life == lab::Life::running;
        ordered_json entry = now.state ? state_json(*now.state) : ordered_json{{"name", name}};
        entry["state"] = life_name(now.life);
        if (now.life == lab::Life::dead) entry["reason"] = now.reason;
        list.push_back(entry);
        if (arguments.has("json")) continue;
        if (list.size() == 1)
            std::printf("%-16s %-9s %-8s %-8s %6s %8s\n", "NAME", "STATE", "NIC", "ACCEL", "MEMORY", "PID");
        const lab::LabState state = now.state.value_or(lab::LabState{});
        std::printf("%-16s %-9s %-8s %-8s %6u %8d\n", name.c_str(), life_name(now.life), state.nic.c_str(),
                    state.accelerator.c_str(), state.memory, state.pid);
        if (!now.reason.empty()) std::printf("  %s\n", now.reason.c_str());
    }
    if (arguments.has("json")) print(list);
    if (names.empty() && !arguments.has("json")) std::printf("no lab is up; start one with `bulkhead lab up`\n");
    return arguments.has("name") && !all_run ? 1 : 0;
}

Result<int> lab_console(const Arguments& arguments) {
    const lab::Lab lab = TRY(the_lab(arguments));
    const std::string domain = arguments.positional().empty() ? "" : arguments.positional()[0];
    if (::isatty(STDIN_FILENO) == 1) std::fprintf(stderr, "Ctrl-] leaves the console; press Enter for a prompt.\n");
    return lab::attach_console(lab, domain);
}

Result<int> demo(const Arguments& arguments) {
    lab::DemoOptions options;
    options.lab.name = arguments.value("name").value_or("demo");
    options.lab.nic = arguments.value("nic").value_or(options.lab.nic);
    options.lab.memory = TRY(number(arguments, "memory", options.lab.memory));
    options.lab.xenstored = arguments.value("xenstored").value_or(options.lab.xenstored);
    options.keep = arguments.has("keep");
    const bool json = arguments.has("json");
    if (!json) {
        options.say = [](double seconds, const std::string& text) {
            std::printf("%7.1f s  %s\n", seconds, text.c_str());
            std::fflush(stdout);
        };
    }
    const lab::Interrupts interrupts; // as in up()
    const auto report = lab::run_demo(options);
    if (!report && report.error().code == EINTR) return interrupted();
    if (!report) return tl::unexpected(report.error());
    if (json) {
        print(ordered_json::parse(lab::demo_json(*report)));
    } else {
        std::printf("%s", lab::demo_table(*report).c_str());
    }
    return report->proven ? 0 : 1;
}

Result<int> log(const Arguments& arguments) {
    const lab::Lab lab = TRY(the_lab(arguments));
    return lab::print_log(lab, arguments.value("guest").value_or(""), arguments.has("follow"), arguments.has("json"));
}

} // namespace

const std::vector<Verb>& lab_verbs() {
    static const std::vector<Verb> verbs = {
        {"lab up",
         "",
         "boot Xen and a dom0 in QEMU, without root",
         "Takes Xen, a kernel and the tools from Debian packages, assembles a dom0 and boots it with an emulated IOMMU "
         "and NIC. Returns when dom0 takes commands; the lab goes on in the background until `lab down`.",
         {name_option,
          {0, "nic", "MODEL", "e1000e (default), e1000, rtl8139 or virtio", "e1000e e1000 rtl8139 virtio"},
          {'m', "memory", "MIB", "memory of the whole machine (default 3072)"},
          {0, "dom0-memory", "MIB", "of which dom0 gets this much (default 1024)"},
          {0, "processors", "N", "virtual CPUs (default 2)"},
          {0, "xenstored", "KIND", "c (default), ocaml, or ocaml-eagain, which refuses a third of all transactions",
           "c ocaml ocaml-eagain"},
          {0, "image", "NAME=FOLDER", "put a guest image into dom0 as /var/lib/bulkhead/images/NAME; repeatable"},
          {0, "with", "PART", "what dom0 has besides: qemu (HVM guests, qcow2 and VHD disks), lvm; repeatable",
           "qemu lvm"},
          {0, "nic-in-dom0", nullptr, "leave the NIC to dom0 instead of hiding it for a driver domain"},
          {0, "no-iommu", nullptr, "a machine without an IOMMU, where nothing can be passed through"},
          {0, "hypervisor", "FILE", "another Xen than Debian's (ELF, may be gzipped)"},
          {0, "xsm-policy", "FILE", "a FLASK policy that a hypervisor with XSM shall enforce (packaging/xen-xsm)"},
          {0, "xen-arguments", "TEXT", "more words for Xen's command line"},
          {0, "dom0-arguments", "TEXT", "more words for dom0's kernel command line"},
          {0, "timeout", "SECONDS", "how long the machine may take to boot (default 180)"},
          {0, "keep-logs", nullptr, "keep the logs of a start that failed"},
          {'q', "quiet", nullptr, "no progress"},
          json_option},
         0,
         0,
         up},
        {"lab exec",
         "COMMAND [ARGUMENT...]",
         "run a command in the lab's dom0",
         "Hands stdin, stdout, stderr and the exit status through. Ctrl-C is passed to the command.",
         {name_option,
          {'t', "tty", nullptr, "give the command a terminal"},
          {'e', "env", "NAME=VALUE", "an environment variable for it; repeatable"},
          {'C', "directory", "PATH", "its working directory (default /root)"},
          {0, "timeout", "SECONDS", "kill it after this time"}},
         1,
         any_number,
         exec,
         true},
        {"lab put", "SOURCE TARGET", "copy a file or folder into dom0", "", {name_option, json_option}, 2, 2, put},
        {"lab get", "SOURCE TARGET", "copy a file or folder out of dom0", "", {name_option, json_option}, 2, 2, get},
        {"lab console",
         "[DOMAIN]",
         "open the console of dom0 or of a guest",
         "Ctrl-] leaves. dom0's console is also Xen's: three times Ctrl-A switches the input between them.",
         {name_option},
         0,
         1,
         lab_console},
        {"lab log",
         "",
         "show the consoles of Xen, dom0 and the guests",
         "",
         {name_option,
          {'g', "guest", "NAME", "only this guest's console (\"all\": every guest's and bulkheadd's)"},
          {'f', "follow", nullptr, "go on as more is written"},
          json_option},
         0,
         0,
         log},
        {"lab status", "", "list the labs", "", {name_option, json_option}, 0, 0, status},
        {"lab down",
         "",
         "end a lab and remove everything of it",
         "",
         {name_option,
          {'a', "all", nullptr, "all labs of this user"},
          {0, "clean", nullptr, "let dom0 power off first"},
          json_option},
         0,
         0,
         down},
        {"lab demo",
         "",
         "show a NIC moving into a network driver domain, from nothing",
         "Builds the images, boots Xen, passes the NIC to an NDVM, lets a client fetch an address and move data "
         "through it, gives dom0 a vif of its own, and proves that no driver in dom0 has the NIC. Exit status 0: all "
         "of it worked.",
         {{'N', "name", "NAME", "the lab's name (default \"demo\")"},
          {0, "nic", "MODEL", "e1000e (default), e1000, rtl8139 or virtio", "e1000e e1000 rtl8139 virtio"},
          {'m', "memory", "MIB", "memory of the whole machine (default 3072)"},
          {0, "xenstored", "KIND", "c (default), ocaml, or ocaml-eagain, which refuses a third of all transactions",
           "c ocaml ocaml-eagain"},
          {'k', "keep", nullptr, "leave the lab running at the end"},
          json_option},
         0,
         0,
         demo},
    };
    return verbs;
}

} // namespace bulkhead::cli
