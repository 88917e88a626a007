// The mandatory policy with 10,000 VM labels, as many resource labels and types, and 1,000 running domains. Goals: a
// million decisions per second on one core for share and exclusion together; 200 ms to load the policy.
#include "policy/policy.hpp"
#include "policy/host.hpp"
#include "policy/update.hpp"
#include "policy/write_xml.hpp"

#include <benchmark/benchmark.h>
#include <random>

namespace bulkhead::policy {
namespace {

constexpr std::size_t labels = 10'000;
constexpr std::size_t domains = 1'000;
constexpr std::size_t per_organisation = 10; // an organisation and its departments
constexpr std::size_t rule_size = 4;         // organisations that exclude each other

// SystemManagement, with every type, and organisations of nine departments each; every four organisations exclude each
// other, and so do the departments of one organisation in pairs.
Document make_document() {
    Document document;
    document.header.name.text = "bench";
    document.header.version.text = "1.0";
    document.has_ste = document.has_chinese_wall = true;
    document.bootstrap.text = "SystemManagement";
    const auto type = [](std::size_t i) {
        const std::string organisation = "Organisation-" + std::to_string(i / per_organisation);
        return Text{i % per_organisation == 0 ? organisation
                                              : organisation + ".Department-" + std::to_string(i % per_organisation),
                    0};
    };
    const Text system = {"SystemManagement", 0};
    document.ste = {system};
    document.vm_labels = {{system, std::nullopt, {}, {system}}};
    document.resource_labels = {{system, std::nullopt, {system}, {}}};
    for (std::size_t i = 0; i + 1 < labels; ++i) {
        document.ste.push_back(type(i));
        std::vector<Text> wall = {type(i - i % per_organisation)};
        if (i % per_organisation != 0) wall.push_back(type(i));
        document.vm_labels.push_back({type(i), std::nullopt, {type(i)}, std::move(wall)});
        document.resource_labels.push_back({type(i), std::nullopt, {type(i)}, {}});
    }
    document.chinese_wall = document.vm_labels[0].ste = document.ste;
    for (std::size_t i = 0; i + rule_size * per_organisation < labels; i += rule_size * per_organisation) {
        Conflict conflict = {{"Organisations-" + std::to_string(i), 0}, {}};
        for (std::size_t j = 0; j < rule_size; ++j) conflict.types.push_back(type(i + j * per_organisation));
        document.conflicts.push_back(std::move(conflict));
        document.conflicts.push_back({{"Departments-" + std::to_string(i), 0}, {type(i + 1), type(i + 2)}});
    }
    return document;
}

const std::string& xml() {
    static const std::string text = write_xml(make_document());
    return text;
}

const PolicyPtr& policy() {
    static const PolicyPtr made = load(xml()).policy;
    return made;
}

// A thousand domains, of labels that run together.
const Host& host() {
    static const Host running = [] {
        Host full(policy());
        std::mt19937 random(1); // NOLINT: the same each time
        while (full.domains().size() < domains) {
            const std::string name = "domain-" + std::to_string(full.domains().size());
            (void)full.start(name, name, static_cast<LabelId>(random() % labels));
        }
        return full;
    }();
    return running;
}

// Pairs of labels: half of them with a running domain's label, which is what is asked when domains connect.
const std::vector<std::pair<LabelId, LabelId>>& pairs() {
    static const auto made = [] {
        std::vector<LabelId> running;
        for (const auto& [id, domain] : host().domains()) running.push_back(domain.label);
        std::mt19937 random(2); // NOLINT: the same each time
        std::vector<std::pair<LabelId, LabelId>> list;
        for (std::size_t i = 0; i < 65'536; ++i) {
            const LabelId other = i % 8 == 0 ? policy()->bootstrap() : static_cast<LabelId>(random() % labels);
            list.emplace_back(running[random() % running.size()], other);
        }
        return list;
    }();
    return made;
}

void load_policy(benchmark::State& state) {
    const std::string& bytes = xml(); // made before the time is taken
    for (auto step : state) benchmark::DoNotOptimize(load(bytes).policy);
    state.counters["bytes"] = static_cast<double>(bytes.size());
}

// One share decision and one exclusion decision each.
void share_and_exclusion(benchmark::State& state) {
    const Policy& rules = *policy();
    const Host& running = host();
    const auto& asked = pairs();
    std::size_t at = 0;
    for (auto step : state) {
        const auto& [a, b] = asked[at++ % asked.size()];
        benchmark::DoNotOptimize(rules.can_share(a, b));
        benchmark::DoNotOptimize(running.admits(b));
    }
    state.SetItemsProcessed(state.iterations());
}

// The same with a reason for each.
void share_and_exclusion_with_reasons(benchmark::State& state) {
    const Policy& rules = *policy();
    const Host& running = host();
    const auto& asked = pairs();
    std::size_t at = 0;
    for (auto step : state) {
        const auto& [a, b] = asked[at++ % asked.size()];
        benchmark::DoNotOptimize(rules.share(a, b));
        benchmark::DoNotOptimize(running.admission(b));
    }
    state.SetItemsProcessed(state.iterations());
}

void start_and_stop(benchmark::State& state) {
    Host changing = host();
    LabelId label = 0;
    for (LabelId i = 1; i < labels && label == 0; ++i) label = changing.admits(i) ? i : 0;
    for (auto step : state) {
        benchmark::DoNotOptimize(changing.start("new", "new", label));
        changing.stop("new");
    }
    state.SetItemsProcessed(state.iterations());
}

void prepare_an_update(benchmark::State& state) {
    Document next = make_document();
    next.header.from = FromPolicy{{"bench", 0}, {"1.0", 0}};
    next.header.version.text = "1.1";
    const PolicyPtr to = load(write_xml(next)).policy;
    for (auto step : state) benchmark::DoNotOptimize(prepare_update(host(), to));
}

BENCHMARK(load_policy)->Unit(benchmark::kMillisecond);
BENCHMARK(share_and_exclusion);
BENCHMARK(share_and_exclusion_with_reasons);
BENCHMARK(start_and_stop);
BENCHMARK(prepare_an_update)->Unit(benchmark::kMillisecond);

} // namespace
} // namespace bulkhead::policy
