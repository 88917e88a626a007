#include "cli/viewer.hpp"

#include "base/fd.hpp"
#include "base/file.hpp"
#include "cli/client.hpp"

#include <cerrno>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

namespace bulkhead::cli {
namespace {

// The viewer reads the password from its standard input, a file that nobody else can open.
Status hand_password(const std::string& password) {
    const Fd file(::memfd_create("vnc password", MFD_CLOEXEC));
    if (!file) return fail_errno("memfd_create");
    TRY(write_all(file.get(), password));
    if (::lseek(file.get(), 0, SEEK_SET) < 0 || ::dup2(file.get(), STDIN_FILENO) < 0)
        return fail_errno("standard input");
    return {};
}

} // namespace

Result<VncAddress> vnc_address(const std::string& domain) {
    constexpr long first_port = 5900; // of display 0
    const nlohmann::json answer = TRY(ask("vncviewer", {{"domain", domain}}));
    VncAddress found;
    found.host = answer.value("host", "");
    found.port = answer.value("port", 0L);
    found.text = found.host + ":" + std::to_string(found.port - first_port);
    found.password = answer.value("password", "");
    return found;
}

Result<int> run_viewer(const std::string& domain, bool autopass) {
    const VncAddress found = TRY(vnc_address(domain));
    const char* const own = std::getenv("VNCVIEWER"); // NOLINT(concurrency-mt-unsafe): no thread runs here
    std::vector<std::string> words = {own != nullptr && *own != '\0' ? own : "vncviewer", found.text};
    if (autopass && !found.password.empty()) {
        TRY(hand_password(found.password));
        words.emplace_back("-autopass");
    }
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    ::execvp(argv[0], argv.data());
    return fail_errno("cannot run " + words[0] + " (install a VNC viewer, or name one in VNCVIEWER; the address is " +
                          found.text + ")",
                      errno);
}

bool wants_autopass(const Arguments& arguments) {
    return arguments.has("autopass") || arguments.has("vncviewer-autopass");
}

} // namespace bulkhead::cli
