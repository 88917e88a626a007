// bulkhead: the verbs that need nothing but bulkheadd. Everything else, help included, it leaves to bulkhead-all, the
// same program with all verbs and the libraries that they need (TPM, TLS, ncurses). `bulkhead create` takes 0.3 million
// instructions until it asks bulkheadd, bulkhead-all 6.2 (callgrind), nearly all of them in the dynamic loader.
#include "base/log.hpp"
#include "cli/verb.hpp"

#include <array>
#include <climits>
#include <csignal>
#include <unistd.h>

using namespace bulkhead;

const std::vector<cli::Group>& bulkhead::cli::groups() {
    return daemon_groups();
}

namespace {

constexpr const char* whole = "bulkhead-all";

// Beside this program, as it is built, or where it is installed; under the name that the user called.
int hand_over(char** argv) {
    std::array<char, PATH_MAX> self{};
    const ssize_t size = ::readlink("/proc/self/exe", self.data(), self.size());
    const std::string path(self.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    const std::string folder = path.substr(0, path.rfind('/') + 1);
    for (const char* place : {"", "../lib/bulkhead/"}) ::execv((folder + place + whole).c_str(), argv);
    log::error(std::string(whole) + " cannot be run in " + folder + " nor in " + folder +
               "../lib/bulkhead/: build or install it");
    return 1;
}

} // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN); // NOLINT: cannot fail with these arguments
    const std::string called = argc > 0 ? std::string(argv[0]).substr(std::string(argv[0]).rfind('/') + 1) : "";
    if (called != "bulkhead") return hand_over(argv); // xm has words of its own
    log::configure(called, log::Level::info, false);
    return cli::run_to_end([argc, argv] {
        const std::vector<std::string> words(argv + 1, argv + argc);
        const cli::Match match = cli::find_verb(words);
        if (match.verb == nullptr) return hand_over(argv);
        const std::vector<std::string> rest(words.begin() + static_cast<std::ptrdiff_t>(match.words), words.end());
        if (!rest.empty() && (rest[0] == "-h" || rest[0] == "--help")) return hand_over(argv);
        const Result<int> status = cli::run_verb(*match.verb, rest);
        if (status) return *status;
        log::error(status.error().message);
        return cli::exit_status(status.error());
    });
}
