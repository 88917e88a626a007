#include "cli/verb.hpp"

#include "base/fd.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "cli/client.hpp"
#include "cli/order.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sys/mman.h>
#include <unistd.h>

namespace bulkhead::cli {
namespace {

using nlohmann::json;

Result<int> trigger(const Arguments& arguments) {
    const auto& words = arguments.positional();
    json request = {{"domain", words[0]}, {"trigger", words[1]}};
    if (words.size() > 2) request["vcpu"] = words[2];
    return order("trigger", request, arguments);
}

Result<int> button_press(const Arguments& arguments) {
    const auto& words = arguments.positional();
    if (words[1] != "power" && words[1] != "sleep")
        return usage_error("button-press: the button must be power or sleep, not '" + words[1] + "'");
    return order("trigger", {{"domain", words[0]}, {"trigger", words[1]}}, arguments);
}

Result<int> sysrq(const Arguments& arguments) {
    return order("sysrq", {{"domain", arguments.positional()[0]}, {"letter", arguments.positional()[1]}}, arguments);
}

Result<int> dump_core(const Arguments& arguments) {
    std::error_code error;
    const auto path = std::filesystem::absolute(arguments.positional()[1], error);
    if (error) return fail(arguments.positional()[1] + ": " + error.message());
    return order("dump-core", {{"domain", arguments.positional()[0]}, {"file", path.string()}}, arguments);
}

// The viewer reads the password from its standard input, a file that nobody else can open.
Status hand_password(const std::string& password) {
    const Fd file(::memfd_create("vnc password", MFD_CLOEXEC));
    if (!file) return fail_errno("memfd_create");
    TRY(write_all(file.get(), password));
    if (::lseek(file.get(), 0, SEEK_SET) < 0 || ::dup2(file.get(), STDIN_FILENO) < 0)
        return fail_errno("standard input");
    return {};
}

Result<int> vncviewer(const Arguments& arguments) {
    constexpr long first_port = 5900; // of display 0
    const json answer = TRY(ask("vncviewer", {{"domain", arguments.positional()[0]}}));
    const std::string address = answer.value("host", "") + ":" + std::to_string(answer.value("port", 0L) - first_port);
    if (arguments.has("json")) {
        print_json(json{{"address", address}, {"host", answer["host"]}, {"port", answer["port"]}});
        return 0;
    }
    const char* const own = std::getenv("VNCVIEWER"); // NOLINT(concurrency-mt-unsafe): no thread runs here
    std::vector<std::string> words = {own != nullptr && *own != '\0' ? own : "vncviewer", address};
    if ((arguments.has("autopass") || arguments.has("vncviewer-autopass")) && answer.contains("password")) {
        TRY(hand_password(answer.value("password", "")));
        words.emplace_back("-autopass");
    }
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    ::execvp(argv[0], argv.data());
    return fail_errno("cannot run " + words[0] + " (install a VNC viewer, or name one in VNCVIEWER; the address is " +
                          address + ")",
                      errno);
}

Result<int> vtpm_list(const Arguments& arguments) {
    const json answer = TRY(ask("vtpm-list", {{"domains", arguments.positional()}}));
    if (arguments.has("json")) {
        print_json(answer["vtpms"]);
        return 0;
    }
    std::printf("%-3s %-2s %-36s %-6s %-5s %-6s %-5s %-10s\n", "Idx", "BE", "Uuid", "handle", "state", "evt-ch",
                "ring-ref", "BE-path");
    for (const json& vtpm : answer["vtpms"]) {
        std::printf("%-3d %-2u %s %6d %5d %6d %8d %-30s\n", vtpm.value("devid", 0), vtpm.value("backend_domain", 0U),
                    vtpm.value("uuid", "").c_str(), vtpm.value("devid", 0), vtpm.value("state", 0),
                    vtpm.value("event_channel", 0), vtpm.value("ring_reference", 0), vtpm.value("backend", "").c_str());
    }
    return 0;
}

} // namespace

const std::vector<Verb>& guest_verbs() {
    static const std::vector<Verb> verbs = {
        {"trigger",
         "DOMAIN nmi|reset|init|power|sleep|s3resume [VCPU]",
         "Send a trigger to a virtual processor",
         "",
         {json_option},
         2,
         3,
         trigger},
        {"button-press",
         "DOMAIN power|sleep",
         "Press a button of a guest; the same as trigger",
         "",
         {json_option},
         2,
         2,
         button_press},
        {"sysrq", "DOMAIN LETTER", "Send a magic system request to a Linux guest", "", {json_option}, 2, 2, sysrq},
        {"dump-core",
         "DOMAIN FILE",
         "Write a domain's memory to a file",
         "The file appears when it is whole; when something fails, or at Ctrl-C, nothing is left. bulkheadd writes it.",
         {json_option},
         2,
         2,
         dump_core},
        {"vncviewer",
         "DOMAIN",
         "Open a guest's screen with vncviewer, or what VNCVIEWER names",
         "",
         {{0, "autopass", nullptr, "give the viewer the password on its standard input"},
          {0, "vncviewer-autopass", nullptr, "the same"},
          {0, "json", nullptr, "print the address only"}},
         1,
         1,
         vncviewer},
        {"vtpm-list", "DOMAIN...", "List virtual TPMs", "", {json_option}, 1, any_number, vtpm_list},
    };
    return verbs;
}

} // namespace bulkhead::cli
