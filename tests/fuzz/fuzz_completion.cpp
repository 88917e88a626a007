// Half-typed command lines, with a table of the shapes that verbs have. Every candidate continues the word at the
// cursor.
#include "cli/completion.hpp"

#include <cstdlib>

using namespace bulkhead;
using namespace bulkhead::cli;

namespace {

Result<int> nothing(const Arguments&) {
    return 0;
}

} // namespace

const std::vector<Group>& bulkhead::cli::groups() {
    static const std::vector<Verb> verbs = {
        {"create", "FILE [VARIABLE=VALUE...]", "", "", {{'f', "file", "FILE", ""}}, 0, any_number, nothing},
        {"pci-detach", "DOMAIN ADDRESS", "", "", {}, 2, 2, nothing},
        {"attach", "DOMAIN [KEY=VALUE...]", "", "", {{0, "nic", "NAMES", "", "e1000 igb"}}, 1, any_number, nothing},
        {"lab exec", "COMMAND...", "", "", {{'N', "name", "NAME", ""}}, 1, any_number, nothing, true},
        {"help", "[VERB]", "", "", {}, 0, 3, nothing},
    };
    static const std::vector<Group> all = {{"Fuzz", verbs}};
    return all;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view line(reinterpret_cast<const char*>(data), size);
    const auto names = [](Kind, const std::string& domain) { return std::vector<std::string>{"web", domain}; };
    const Completions found = complete(line, names);
    if (found.files && found.folders) std::abort();
    // Without quotes the word at the cursor is what stands behind the last blank.
    if (line.find_first_of("\\'\"") != std::string_view::npos) return 0;
    const std::size_t blank = line.find_last_of(" \t\n");
    const std::string_view typed = blank == std::string_view::npos ? line : line.substr(blank + 1);
    for (std::size_t i = 0; i < found.words.size(); ++i) {
        if (!found.words[i].starts_with(typed)) std::abort();
        if (i > 0 && found.words[i - 1] >= found.words[i]) std::abort();
    }
    return 0;
}
