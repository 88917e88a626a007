#include "cli/verb.hpp"

#include "cli/client.hpp"
#include "cli/domain_row.hpp"

#include <cinttypes>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

namespace bulkhead::cli {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// ---- info ----

std::string value_text(const json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (!value.is_number_float()) return value.dump();
    char text[64];
    std::snprintf(text, sizeof text, "%.3f", value.get<double>()); // cpu_mhz
    return text;
}

void print_lines(const json& lines) {
    for (const json& line : lines) {
        const std::string text = value_text(line["value"]);
        const bool no_caps = text.empty() && line.value("key", "") == "virt_caps"; // xl has a space before each
        std::printf("%-23s:%s%s\n", line.value("key", "").c_str(), no_caps ? "" : " ", text.c_str());
    }
}

void print_numa(const json& numa) {
    std::printf("cpu_topology           :\ncpu:    core    socket     node\n");
    for (const json& cpu : numa["cpu_topology"]) {
        std::printf("%3u:    %4u     %4u     %4u\n", cpu.value("cpu", 0U), cpu.value("core", 0U),
                    cpu.value("socket", 0U), cpu.value("node", 0U));
    }
    std::printf("device topology        :\ndevice           node\n");
    for (const json& device : numa["device_topology"])
        std::printf("%s      %u\n", device.value("device", "").c_str(), device.value("node", 0U));
    if (numa["device_topology"].empty()) std::printf("No device topology data available\n");
    std::printf("numa_info              :\nnode:    memsize    memfree    distances\n");
    for (const json& node : numa["numa_info"]) {
        std::printf("%4u:    %6" PRIu64 "     %6" PRIu64 "      ", node.value("node", 0U),
                    node.value("memsize", std::uint64_t{0}), node.value("memfree", std::uint64_t{0}));
        const char* between = "";
        for (const json& distance : node["distances"]) {
            std::printf("%s%u", between, distance.get<unsigned>());
            between = ",";
        }
        std::printf("\n");
    }
}

Result<int> info(const Arguments& arguments) {
    const bool numa = arguments.has("numa");
    const json answer = TRY(ask("info", {{"numa", numa}}));
    if (arguments.has("json")) {
        ordered_json object = ordered_json::object();
        for (const char* part : {"machine", "xen"}) {
            for (const json& line : answer[part]) object[line.value("key", "")] = line["value"];
        }
        if (numa) object.update(ordered_json(answer["numa"]));
        print_json(object);
        return 0;
    }
    if (!arguments.positional().empty() && !numa) {
        // As xl: the values alone, of every key that begins so.
        const std::string wanted = arguments.positional()[0];
        bool found = false;
        for (const char* part : {"machine", "xen"}) {
            for (const json& line : answer[part]) {
                if (line.value("key", "").rfind(wanted, 0) != 0) continue;
                found = true;
                std::printf("%s\n", value_text(line["value"]).c_str());
            }
        }
        if (!found) return fail("info has no '" + wanted + "'; bulkhead info lists what there is");
        return 0;
    }
    print_lines(answer["machine"]);
    if (numa) print_numa(answer["numa"]);
    print_lines(answer["xen"]);
    return 0;
}

// ---- uptime ----

std::string age_text(std::uint64_t seconds, bool brief) {
    const std::uint64_t days = seconds / 86400;
    char clock[64];
    if (brief)
        std::snprintf(clock, sizeof clock, "%2" PRIu64 ":%02" PRIu64, seconds / 3600 % 24, seconds / 60 % 60);
    else
        std::snprintf(clock, sizeof clock, "%2" PRIu64 ":%02" PRIu64 ":%02" PRIu64, seconds / 3600 % 24,
                      seconds / 60 % 60, seconds % 60);
    if (days == 0) return clock;
    return std::to_string(days) + (days == 1 ? " day, " : " days, ") + clock;
}

Result<int> uptime(const Arguments& arguments) {
    const json answer = TRY(ask("uptime", {{"domains", arguments.positional()}}));
    if (arguments.has("json")) {
        print_json(answer["domains"]);
        return 0;
    }
    const bool brief = arguments.has("short");
    char now[16] = "";
    const std::time_t time = std::time(nullptr);
    std::tm local{};
    if (::localtime_r(&time, &local) != nullptr) (void)std::strftime(now, sizeof now, "%H:%M:%S", &local);
    if (!brief) std::printf("%-33s %4s %s\n", "Name", "ID", "Uptime");
    for (const json& domain : answer["domains"]) {
        const std::string age = age_text(domain.value("uptime_s", std::uint64_t{0}), brief);
        const std::string name = domain.value("name", "");
        if (brief)
            std::printf(" %s up %s, %s (%u)\n", now, age.c_str(), name.c_str(), domain.value("id", 0U));
        else
            std::printf("%-33s %4u %s\n", name.c_str(), domain.value("id", 0U), age.c_str());
    }
    return 0;
}

// ---- other lists of domains ----

Result<int> vm_list(const Arguments& arguments) {
    const json answer = TRY(ask("list", {{"domains", json::array()}}));
    if (arguments.has("json")) {
        json rows = json::array();
        for (const json& domain : answer["domains"])
            rows.push_back({{"uuid", domain["uuid"]}, {"id", domain["id"]}, {"name", domain["name"]}});
        print_json(rows);
        return 0;
    }
    std::printf("UUID                                  ID    name\n");
    for (const json& domain : answer["domains"]) {
        std::printf("%s  %u    %-30s\n", domain.value("uuid", "").c_str(), domain.value("id", 0U),
                    domain.value("name", "").c_str());
    }
    return 0;
}

Result<int> claims(const Arguments& arguments) {
    // Two questions; a domain that comes or goes between them is left out.
    const json memory = TRY(ask("memory", json::object()));
    if (arguments.has("json")) {
        print_json(memory["domains"]);
        return 0;
    }
    const json list = TRY(ask("list", {{"domains", json::array()}}));
    std::printf("Name                                        ID   Mem VCPUs\tState\tTime(s)  Claimed\n");
    for (const json& domain : list["domains"]) {
        for (const json& use : memory["domains"]) {
            if (use["id"] != domain["id"]) continue;
            const std::string row = domain_row(domain);
            std::printf("%s %5lu\n", row.c_str(), use.value("claimed_kib", 0UL) / 1024);
        }
    }
    return 0;
}

Result<int> sharing(const Arguments& arguments) {
    json request = json::object();
    if (!arguments.positional().empty()) request["domain"] = arguments.positional()[0];
    const json answer = TRY(ask("memory", request));
    if (arguments.has("json")) {
        print_json(answer["domains"]);
        return 0;
    }
    std::printf("Name                                        ID   Mem Shared\n");
    for (const json& domain : answer["domains"]) {
        std::printf("%-40s %5u %5lu  %5lu\n", domain.value("name", "").c_str(), domain.value("id", 0U),
                    domain.value("memory_kib", 0UL) / 1024, domain.value("shared_kib", 0UL) / 1024);
    }
    return 0;
}

// ---- Xen itself ----

Result<int> dmesg(const Arguments& arguments) {
    const json answer = TRY(ask("dmesg", {{"clear", arguments.has("clear")}}));
    if (arguments.has("json")) {
        print_json(answer);
        return 0;
    }
    std::fputs(answer.value("text", "").c_str(), stdout);
    return 0;
}

Result<int> debug_keys(const Arguments& arguments) {
    const json answer = TRY(ask("debug-keys", {{"keys", arguments.positional()[0]}}));
    if (arguments.has("json")) print_json(answer);
    return 0;
}

Result<int> set_parameters(const Arguments& arguments) {
    const json answer = TRY(ask("set-parameters", {{"parameters", arguments.positional()[0]}}));
    if (arguments.has("json")) print_json(answer);
    return 0;
}

} // namespace

const std::vector<Verb>& hypervisor_verbs() {
    static const std::vector<Verb> verbs = {
        {"info",
         "[KEY]",
         "Show what Xen says about this host",
         "With KEY: only the values of the lines whose name begins so.",
         {{'n', "numa", nullptr, "also where processors, devices and memory are"}, json_option},
         0,
         1,
         info},
        {"uptime",
         "[DOMAIN...]",
         "Show how long domains have been running",
         "",
         {{'s', "short", nullptr, "one line for each, as uptime(1) prints it"}, json_option},
         0,
         any_number,
         uptime},
        {"vm-list", "", "List domains with their UUIDs", "", {json_option}, 0, 0, vm_list},
        {"claims", "", "List the memory that Xen has promised to domains", "", {json_option}, 0, 0, claims},
        {"sharing", "[DOMAIN]", "List the memory that domains share", "", {json_option}, 0, 1, sharing},
        {"dmesg", "", "Print Xen's log", "", {{'c', "clear", nullptr, "and empty it"}, json_option}, 0, 0, dmesg},
        {"debug-keys",
         "KEYS",
         "Send debug keys to Xen, which answers in its log (dmesg)",
         "As typed on Xen's serial console: h lists them. Some are dangerous: R reboots, C crashes the host.",
         {json_option},
         1,
         1,
         debug_keys},
        {"set-parameters",
         "PARAMETERS",
         "Change parameters of Xen's command line while it runs",
         "",
         {json_option},
         1,
         1,
         set_parameters},
    };
    return verbs;
}

} // namespace bulkhead::cli
