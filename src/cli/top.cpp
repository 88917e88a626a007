#include "cli/verb.hpp"

#include "base/text.hpp"
#include "cli/client.hpp"
#include "cli/top_screen.hpp"
#include "cli/top_table.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <unistd.h>

namespace bulkhead::cli {
namespace {

using nlohmann::json;

constexpr std::uint64_t longest_delay = 86400;

Result<std::uint64_t> whole_number(const Arguments& arguments, const char* name, std::uint64_t otherwise,
                                   std::uint64_t most) {
    const auto given = arguments.value(name);
    if (!given) return otherwise;
    const auto value = parse_unsigned(*given, most);
    if (!value || *value == 0) {
        return usage_error(std::string("top: --") + name + " must be a number from 1 to " + std::to_string(most) +
                           ", not '" + printable(*given, 64) + "'");
    }
    return *value;
}

Result<int> print_one(Client& client, int delay_ms) {
    const TopSample before = read_sample(TRY(client.call("top", json::object())));
    ::poll(nullptr, 0, delay_ms);
    json answer = TRY(client.call("top", json::object()));
    TopSample now = read_sample(answer);
    compare_samples(now, before);
    print_json(with_percentages(std::move(answer), now));
    return 0;
}

Result<int> print_batch(Client& client, const TopView& view, int delay_ms, std::uint64_t rounds) {
    TopSample before;
    for (std::uint64_t round = 0; rounds == 0 || round < rounds; ++round) {
        if (round > 0) ::poll(nullptr, 0, delay_ms);
        TopSample now = read_sample(TRY(client.call("top", json::object())));
        if (round > 0) compare_samples(now, before);
        for (const TopLine& line : top_lines(now, view)) std::printf("%s\n", line.text.c_str());
        if (std::fflush(stdout) != 0) return fail_errno("standard output");
        before = std::move(now);
    }
    return 0;
}

Result<int> top(const Arguments& arguments) {
    const bool as_json = arguments.has("json");
    const std::uint64_t seconds = TRY(whole_number(arguments, "delay", as_json ? 1 : 3, longest_delay));
    const std::uint64_t rounds = TRY(whole_number(arguments, "iterations", 0, UINT32_MAX));
    TopView view;
    view.full_name = arguments.has("full-name");
    view.vifs = arguments.has("networks");
    view.vbds = arguments.has("vbds");
    view.repeat_header = arguments.has("repeat-header");
    Client client = TRY(Client::open());
    const int delay_ms = static_cast<int>(seconds * 1000);
    if (as_json) return print_one(client, delay_ms);
    if (arguments.has("batch")) return print_batch(client, view, delay_ms, rounds);
    if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0)
        return usage_error("top needs a terminal; without one use --batch or --json");
    const auto sample = [&client]() -> Result<TopSample> {
        return read_sample(TRY(client.call("top", json::object())));
    };
    TRY(run_top_screen(sample, view, static_cast<unsigned>(seconds), rounds));
    return 0;
}

} // namespace

const std::vector<Verb>& top_verbs() {
    static const std::vector<Verb> verbs = {
        {"top",
         "",
         "Watch what domains use of the host",
         "Columns and keys are xentop's: S sorts by the next column, N and B show networks and disks, D asks for the "
         "delay, Q leaves. Networks and disks are those that dom0 serves. --json prints one sample, its percentages "
         "over the last DELAY.",
         {{'d', "delay", "SECONDS", "between samples: 3, with --json 1"},
          {'b', "batch", nullptr, "print tables instead of using the terminal"},
          {'i', "iterations", "COUNT", "leave after so many samples"},
          {'f', "full-name", nullptr, "do not cut names"},
          {'n', "networks", nullptr, "a line for each vif"},
          {'x', "vbds", nullptr, "a line for each disk"},
          {'r', "repeat-header", nullptr, "before each domain"},
          json_option},
         0,
         0,
         top},
    };
    return verbs;
}

} // namespace bulkhead::cli
