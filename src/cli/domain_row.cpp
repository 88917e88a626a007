#include "cli/domain_row.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <string_view>

namespace bulkhead::cli {
namespace {

using nlohmann::json;

char shutdown_letter(const json& domain) {
    constexpr std::string_view letters = "-rscwS"; // poweroff, reboot, suspend, crash, watchdog, soft reset, as xl
    if (!domain.value("shutdown", false)) return '-';
    const int code = domain.value("shutdown_code", -1);
    return code >= 0 && code < static_cast<int>(letters.size()) ? letters[static_cast<std::size_t>(code)] : '?';
}

} // namespace

std::string domain_state(const json& domain) {
    const auto letter = [&](const char* key, char c) { return domain.value(key, false) ? c : '-'; };
    return {letter("running", 'r'),  letter("blocked", 'b'),  letter("paused", 'p'),
            letter("shutdown", 's'), shutdown_letter(domain), letter("dying", 'd')};
}

std::string domain_row(const json& domain) {
    char columns[96];
    std::snprintf(columns, sizeof columns, " %5u %5lu %5u     %s  %8.1f", domain.value("id", 0U),
                  domain.value("memory_kib", 0UL) / 1024, domain.value("vcpus", 0U), domain_state(domain).c_str(),
                  static_cast<double>(domain.value("cpu_time_ns", 0UL)) / 1e9);
    std::string name = domain.value("name", "");
    if (name.size() < 40) name.resize(40, ' ');
    return name + columns;
}

} // namespace bulkhead::cli
