// What the journal and the toolstack's records hold of driver domains and their clients' vifs: a damaged database, a
// stranger's xenstore values.
#include "base/text.hpp"
#include "check.hpp"
#include "domain/policy.hpp"
#include "driverdomain/detail.hpp"
#include "driverdomain/fallback.hpp"
#include "driverdomain/supervisor.hpp"

extern "C" {
#include <libxl.h>
#include <libxlutil.h>
}
#include <cstdint>
#include <nlohmann/json.hpp>

using namespace bulkhead;
using namespace bulkhead::driverdomain;

namespace {

bool equal(const RebirthDetail& a, const RebirthDetail& b) {
    return a.step == b.step && a.config == b.config;
}

void journal(const std::string& text) {
    const RebirthDetail detail = parse_detail(text);
    check(equal(parse_detail(print_detail(detail)), detail));
    check(parse_detail(print_detail({Step::connect, text})).step == Step::connect);

    const std::string line = Supervisor::print({1, 2, text, text, text, text});
    check(line.find('\n') == std::string::npos);
    const auto printed = nlohmann::json::parse(line, nullptr, false);
    check(printed.is_object() && !printed["detail"].is_discarded());

    if (const auto policy = domain::parse_policy(text)) {
        const std::string again = domain::print_policy(*policy);
        check(domain::print_policy(domain::parse_policy(again).value()) == again);
        (void)supervision(*policy);
    }
}

// xl's own reader of rates must get the credit that libxl had written.
void vif(const std::string& text) {
    ClientVif vif;
    for (const std::string_view line : split(text, '\n')) {
        const std::size_t mark = line.find('=');
        if (mark == std::string_view::npos) continue;
        vif.nodes.emplace_back(line.substr(0, mark), line.substr(mark + 1));
    }
    const xen::NicSpec spec = spec_of(vif, 5);
    check(spec.mtu <= 65535 && spec.backend == "5");
    if (spec.rate.empty()) return;
    static XLU_Config* const config = xlu_cfg_init(::fopen("/dev/null", "w"), "fuzz");
    libxl_device_nic nic;
    libxl_device_nic_init(&nic);
    if (xlu_vif_parse_rate(config, spec.rate.c_str(), &nic) == 0)
        check(std::to_string(nic.rate_bytes_per_interval) + "," + std::to_string(nic.rate_interval_usecs) ==
              std::to_string(parse_unsigned(split(vif.node("rate"), ',')[0]).value()) + "," +
                  std::to_string(parse_unsigned(split(vif.node("rate"), ',')[1]).value()));
    libxl_device_nic_dispose(&nic);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 16384) return 0;
    const std::string text(reinterpret_cast<const char*>(data), size);
    journal(text);
    vif(text);
    return 0;
}
