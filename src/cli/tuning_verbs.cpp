#include "cli/verb.hpp"

#include "cli/client.hpp"
#include "cli/order.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace bulkhead::cli {
namespace {

using nlohmann::json;

// ---- virtual processors ----

void print_vcpu(const json& vcpu) {
    std::printf("%-32s %5u %5u", vcpu.value("name", "").c_str(), vcpu.value("id", 0U), vcpu.value("vcpu", 0U));
    if (vcpu.value("online", false)) {
        std::printf("%5u %3c%c- ", vcpu.value("cpu", 0U), vcpu.value("running", false) ? 'r' : '-',
                    vcpu.value("blocked", false) ? 'b' : '-');
    } else {
        std::printf("%5c %3c%cp ", '-', '-', '-');
    }
    std::printf("%9.1f  %s / %s\n", static_cast<double>(vcpu.value("time_ns", 0UL)) / 1e9,
                vcpu.value("hard_affinity", "").c_str(), vcpu.value("soft_affinity", "").c_str());
}

Result<int> vcpu_list(const Arguments& arguments) {
    const json answer = TRY(ask("vcpu-list", {{"domains", arguments.positional()}}));
    if (arguments.has("json")) {
        print_json(answer["vcpus"]);
        return 0;
    }
    std::printf("%-32s %5s %5s %5s %5s %9s %s\n", "Name", "ID", "VCPU", "CPU", "State", "Time(s)",
                "Affinity (Hard / Soft)");
    for (const json& vcpu : answer["vcpus"]) print_vcpu(vcpu);
    return 0;
}

Result<int> vcpu_set(const Arguments& arguments) {
    return order("vcpu-set",
                 {{"domain", arguments.positional()[0]},
                  {"count", arguments.positional()[1]},
                  {"ignore_host", arguments.has("ignore-host")}},
                 arguments);
}

Result<int> vcpu_pin(const Arguments& arguments) {
    const auto& words = arguments.positional();
    return order("vcpu-pin",
                 {{"domain", words[0]},
                  {"vcpu", words[1]},
                  {"hard", words[2]},
                  {"soft", words.size() > 3 ? words[3] : "-"},
                  {"force", arguments.has("force")},
                  {"ignore_masks", arguments.has("ignore-global-affinity-masks")}},
                 arguments);
}

// ---- memory ----

Result<int> mem_set(const Arguments& arguments) {
    return order("mem-set", {{"domain", arguments.positional()[0]}, {"memory", arguments.positional()[1]}}, arguments);
}

Result<int> mem_max(const Arguments& arguments) {
    return order("mem-max", {{"domain", arguments.positional()[0]}, {"memory", arguments.positional()[1]}}, arguments);
}

// ---- schedulers ----

void print_pool(const json& pool) {
    std::printf("Cpupool %s:", pool.value("pool", "").c_str());
    if (pool.contains("tslice_ms")) std::printf(" tslice=%dms", pool.value("tslice_ms", 0));
    if (pool.contains("ratelimit_us")) std::printf(" ratelimit=%dus", pool.value("ratelimit_us", 0));
    if (pool.contains("migration_delay_us")) std::printf(" migration-delay=%dus", pool.value("migration_delay_us", 0));
    std::printf("\n");
}

void print_shares(const json& domains) {
    std::printf("%-33s %4s %6s %4s\n", "Name", "ID", "Weight", "Cap");
    for (const json& domain : domains) {
        std::printf("%-33s %4u %6d %4d\n", domain.value("name", "").c_str(), domain.value("id", 0U),
                    domain.value("weight", 0), domain.value("cap", 0));
    }
}

// Both schedulers: the options that one lacks are not there.
Result<int> schedule(const std::string& verb, const Arguments& arguments) {
    static constexpr const char* of_domain[] = {"weight", "cap"};
    static constexpr const char* of_pool[] = {"tslice_ms", "ratelimit_us", "migration_delay_us"};
    const auto given = [&](const char* name) { return arguments.has(name); };
    const bool sets_domain = std::any_of(std::begin(of_domain), std::end(of_domain), given);
    const bool sets_pool = std::any_of(std::begin(of_pool), std::end(of_pool), given);
    if ((given("cpupool") || given("schedparam")) && (given("domain") || sets_domain))
        return usage_error(verb + ": --cpupool and --schedparam are about pools, the other options about a domain");
    if (sets_domain && !given("domain")) return usage_error(verb + ": --weight and --cap need --domain");
    if (sets_pool && !given("schedparam")) return usage_error(verb + ": a pool's parameters need --schedparam");

    json request = {{"domain", arguments.value("domain").value_or("")},
                    {"pool", arguments.value("cpupool").value_or("")},
                    {"schedparam", given("schedparam")}};
    for (const auto* name : {"weight", "cap", "tslice_ms", "ratelimit_us", "migration_delay_us"}) {
        if (const auto value = arguments.value(name)) request[name] = *value;
    }
    const bool changes = sets_domain || sets_pool;
    const json answer = TRY(ask(changes ? verb + "-set" : verb, request));
    if (given("json")) {
        print_json(answer);
    } else if (!changes && answer.contains("pools")) {
        for (const json& pool : answer["pools"]) {
            print_pool(pool);
            if (pool.contains("domains")) print_shares(pool["domains"]);
        }
    } else if (!changes) {
        print_shares(answer["domains"]);
    }
    return 0;
}

Result<int> sched_credit(const Arguments& arguments) {
    return schedule("sched-credit", arguments);
}

Result<int> sched_credit2(const Arguments& arguments) {
    return schedule("sched-credit2", arguments);
}

constexpr Option domain_option = {'d', "domain", "DOMAIN", "show or change this domain"};
constexpr Option weight_option = {'w', "weight", "WEIGHT", "its share of the processors, 1 to 65535; 256 is usual"};
constexpr Option cap_option = {'c', "cap", "PERCENT",
                               "at most so much of one processor, 0 to 100 for each virtual processor; 0: no limit"};
constexpr Option pool_option = {'p', "cpupool", "POOL", "only this CPU pool, by name or id"};
constexpr Option schedparam_option = {'s', "schedparam", nullptr, "the scheduler's own parameters, of pool 0 or -p"};
constexpr Option ratelimit_option = {'r', "ratelimit_us", "US",
                                     "with -s: the least time that a virtual processor runs, 100 to 500000 us, or 0"};

} // namespace

const std::vector<Verb>& tuning_verbs() {
    static const std::vector<Verb> verbs = {
        {"vcpu-list",
         "[DOMAIN...]",
         "List virtual processors, where they run and where they may",
         "",
         {json_option},
         0,
         any_number,
         vcpu_list},
        {"vcpu-set",
         "DOMAIN COUNT",
         "Set how many of its virtual processors a domain uses",
         "The guest takes the others off-line when it likes; at most maxvcpus= of its configuration.",
         {{'i', "ignore-host", nullptr, "also more than the host has processors"}, json_option},
         2,
         2,
         vcpu_set},
        {"vcpu-pin",
         "DOMAIN VCPU|all HARD [SOFT]",
         "Say on which processors virtual processors may run, and where they like to",
         "HARD and SOFT are lists such as 0-3,^2 or node:1, or all, or - to leave them as they are.",
         {{'f', "force", nullptr, "also undo what dom0's kernel pinned for itself; only for one virtual processor"},
          {'i', "ignore-global-affinity-masks", nullptr,
           "also processors that the cpumasks of xl.conf keep from guests"},
          json_option},
         3,
         4,
         vcpu_pin},
        {"mem-set",
         "DOMAIN MEMORY",
         "Set how much memory a domain aims at",
         "MEMORY is in MiB, or a number and b, k, m, g or t. The guest's balloon gives memory up, or takes it, when it "
         "likes.",
         {json_option},
         2,
         2,
         mem_set},
        {"mem-max",
         "DOMAIN MEMORY",
         "Set how much memory Xen allows a domain",
         "MEMORY is in MiB, or a number and b, k, m, g or t.",
         {json_option},
         2,
         2,
         mem_max},
        {"sched-credit",
         "",
         "Show or set what the credit scheduler gives domains",
         "",
         {domain_option,
          weight_option,
          cap_option,
          schedparam_option,
          {'t', "tslice_ms", "MS", "with -s: the time slice, 1 to 1000 ms"},
          ratelimit_option,
          {'m', "migration_delay_us", "US", "with -s: how long a processor's cache counts as warm, 0 to 100000 us"},
          pool_option,
          json_option},
         0,
         0,
         sched_credit},
        {"sched-credit2",
         "",
         "Show or set what the credit2 scheduler gives domains",
         "",
         {domain_option, weight_option, cap_option, schedparam_option, ratelimit_option, pool_option, json_option},
         0,
         0,
         sched_credit2},
    };
    return verbs;
}

} // namespace bulkhead::cli
