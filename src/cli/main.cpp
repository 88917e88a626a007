#include "base/log.hpp"
#include "base/nearest.hpp"
#include "base/text.hpp"
#include "cli/help.hpp"
#include "cli/lookup.hpp"
#include "cli/verb.hpp"
#include "policy/answers.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <unistd.h>

using namespace bulkhead;

namespace {

int unknown_verb(const std::vector<std::string>& words) {
    std::vector<std::string> names;
    for (const cli::Group& group : cli::groups()) {
        for (const cli::Verb& verb : group.verbs) {
            const auto name = bulkhead::words(verb.name);
            names.emplace_back(verb.name);
            if (name.size() > 1 && name[0] == words[0] && words.size() == 1) {
                log::error("'" + words[0] + "' needs one more word; see: " + cli::program_name() + " help " + words[0]);
                return 2;
            }
        }
    }
    const bool of_several = std::any_of(names.begin(), names.end(),
                                        [&](const std::string& name) { return name.starts_with(words[0] + " "); });
    const bool second = words.size() > 1 && !words[1].starts_with('-');
    const std::string typed = words[0] + (second ? " " + words[1] : "");
    auto near = nearest(words[0], names);
    if (!near) near = nearest(typed, names);
    log::error("unknown verb '" + printable(of_several ? typed : words[0], 64) + "'" +
               (near ? "; did you mean '" + *near + "'?" : "") + " (" + cli::program_name() + " help" +
               (of_several ? " " + words[0] + " lists those of '" + words[0] + "')" : " lists them all)"));
    return 2;
}

int run(const std::vector<std::string>& words) {
    const cli::Match match = cli::find_verb(words);
    if (match.verb == nullptr) return unknown_verb(words);
    const std::vector<std::string> rest(words.begin() + static_cast<std::ptrdiff_t>(match.words), words.end());
    if (!rest.empty() && (rest[0] == "-h" || rest[0] == "--help")) {
        std::fputs(cli::help_for(*match.verb).c_str(), stdout);
        return 0;
    }
    const Result<int> status = cli::run_verb(*match.verb, rest);
    if (status) return *status;
    if (cli::program_name() == "xm")
        std::fprintf(stderr, "Error: %s\n", policy::xm_refusal(status.error().message).c_str());
    else
        log::error(status.error().message);
    return cli::exit_status(status.error());
}

} // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN); // NOLINT: cannot fail with these arguments
    const std::string called = argc > 0 ? std::string(argv[0]).substr(std::string(argv[0]).rfind('/') + 1) : "";
    if (called == "xm") cli::set_program_name(called);
    log::configure(cli::program_name(), log::Level::info, false);
    std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    if (called == "xensec_ezpolicy")
        words.insert(words.begin(), {"policy", "new", "--install"}); // 10.2.2 of the manual
    return cli::run_to_end([&words] {
        if (words.size() == 2 && words[0] == "__complete") return cli::print_completions(words[1]);
        if (words.empty() || words[0] == "-h" || words[0] == "--help") {
            std::fputs(cli::overview(false).c_str(), words.empty() ? stderr : stdout);
            return words.empty() ? 2 : 0;
        }
        if (words[0] == "-V" || words[0] == "--version") {
            std::puts("bulkhead " BULKHEAD_VERSION);
            return 0;
        }
        if (words[0] == "pci-list-assignable-devices") words[0] = "pci-assignable-list"; // as xm spelled it
        return run(words);
    });
}
