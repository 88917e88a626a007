#include "cli/verb.hpp"

#include "base/file.hpp"
#include "cli/client.hpp"
#include "cli/create_call.hpp"
#include "cli/order.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace bulkhead::cli {
namespace {

using nlohmann::json;

Result<int> pool_list(const Arguments& arguments) {
    const auto& words = arguments.positional();
    const json answer = TRY(ask("cpupool-list", {{"pool", words.empty() ? "" : words[0]}}));
    if (arguments.has("json")) {
        print_json(answer["pools"]);
        return 0;
    }
    const bool numbers = arguments.has("cpus");
    std::printf("%-19s%s\n", "Name", numbers ? "CPU list" : "CPUs   Sched     Active   Domain count");
    for (const json& pool : answer["pools"]) {
        std::printf("%-19s", pool.value("name", "").c_str());
        if (numbers) {
            const char* between = "";
            for (const json& cpu : pool["cpus"]) {
                std::printf("%s%u", between, cpu.get<unsigned>());
                between = ",";
            }
            std::printf("\n");
        } else {
            std::printf("%3zu %9s       y       %4u\n", pool["cpus"].size(), pool.value("scheduler", "").c_str(),
                        pool.value("domains", 0U));
        }
    }
    return 0;
}

Result<int> pool_create(const Arguments& arguments) {
    constexpr std::size_t config_limit = 256 * 1024; // the daemon's own
    const auto [file, overrides] = TRY(file_and_assignments("cpupool-create", arguments));
    if (!file && overrides.empty())
        return usage_error("cpupool-create: neither a file nor name=\"...\"; see: bulkhead help cpupool-create");
    json request = {{"source", file.value_or("command line")},
                    {"from_file", file.has_value()},
                    {"overrides", overrides},
                    {"dry_run", arguments.has("dryrun")}};
    if (file) request["config"] = TRY(context(read_file(*file, config_limit), "configuration"));
    const json answer = TRY(ask("cpupool-create", request));
    if (arguments.has("json")) {
        print_json(answer);
        return 0;
    }
    std::printf("Using config file \"%s\"\ncpupool name:   %s\nscheduler:      %s\nnumber of cpus: %u\n",
                file.value_or("command line").c_str(), answer.value("name", "").c_str(),
                answer.value("scheduler", "").c_str(), answer.value("count", 0U));
    return 0;
}

Result<int> pool_destroy(const Arguments& arguments) {
    return order("cpupool-destroy", {{"pool", arguments.positional()[0]}}, arguments);
}

Result<int> pool_rename(const Arguments& arguments) {
    const auto& words = arguments.positional();
    return order("cpupool-rename", {{"pool", words[0]}, {"name", words[1]}}, arguments);
}

Result<int> pool_add(const Arguments& arguments) {
    const auto& words = arguments.positional();
    return order("cpupool-cpu-add", {{"pool", words[0]}, {"cpus", words[1]}}, arguments);
}

Result<int> pool_remove(const Arguments& arguments) {
    const auto& words = arguments.positional();
    return order("cpupool-cpu-remove", {{"pool", words[0]}, {"cpus", words[1]}}, arguments);
}

Result<int> pool_migrate(const Arguments& arguments) {
    const auto& words = arguments.positional();
    return order("cpupool-migrate", {{"domain", words[0]}, {"pool", words[1]}}, arguments);
}

Result<int> numa_split(const Arguments& arguments) {
    return order("cpupool-numa-split", json::object(), arguments);
}

} // namespace

const std::vector<Verb>& cpupool_verbs() {
    static const std::vector<Verb> verbs = {
        {"cpupool-list",
         "[POOL]",
         "List CPU pools",
         "",
         {{'c', "cpus", nullptr, "their processors"}, json_option},
         0,
         1,
         pool_list},
        {"cpupool-create",
         "[FILE] [VARIABLE=VALUE...]",
         "Make a CPU pool",
         "The file (xlcpupool.cfg(5)) has name, sched, and cpus or nodes. Its processors must be in no other pool.",
         {{'f', "defconfig", "FILE", "the same as FILE"},
          {'n', "dryrun", nullptr, "only say what would be made"},
          json_option},
         0,
         any_number,
         pool_create},
        {"cpupool-destroy", "POOL", "Remove a CPU pool that no domain is in", "", {json_option}, 1, 1, pool_destroy},
        {"cpupool-rename", "POOL NAME", "Give a CPU pool another name", "", {json_option}, 2, 2, pool_rename},
        {"cpupool-cpu-add",
         "POOL CPUS|node:NODES",
         "Put processors that are in no pool into a CPU pool",
         "",
         {json_option},
         2,
         2,
         pool_add},
        {"cpupool-cpu-remove",
         "POOL CPUS|node:NODES",
         "Take processors out of a CPU pool",
         "",
         {json_option},
         2,
         2,
         pool_remove},
        {"cpupool-migrate", "DOMAIN POOL", "Move a domain into a CPU pool", "", {json_option}, 2, 2, pool_migrate},
        {"cpupool-numa-split",
         "",
         "Make one CPU pool for each NUMA node",
         "Domain-0 gets no more virtual processors than its node has processors.",
         {json_option},
         0,
         0,
         numa_split},
    };
    return verbs;
}

} // namespace bulkhead::cli
