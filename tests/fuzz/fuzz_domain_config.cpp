// Configuration files from strangers: xl.cfg, xl.conf, vif texts; and what a broken worker or database may hold.
#include "config/cpupool_config.hpp"
#include "config/domain_config.hpp"
#include "config/vif.hpp"
#include "domain/frame.hpp"
#include "domain/policy.hpp"

#include <cstdint>
#include <cstdlib>

using namespace bulkhead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 16384) return 0;
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto parsed = config::parse_domain(text, "fuzz.cfg", config::XlConf());
    if (parsed && (parsed->spec.name.empty() || parsed->spec.name.find('/') != std::string::npos)) std::abort();
    if (!parsed && parsed.error().message.empty()) std::abort();
    (void)config::parse_xl_conf(text, "fuzz.conf");
    const auto pool = config::parse_cpupool(text, "fuzz", false);
    if (pool && !config::check_pool_name(pool->name)) std::abort();
    xen::NicSpec nic;
    if (config::parse_vif(text, nic) && nic.bridge.size() > 15) std::abort();
    (void)domain::parse_policy(text);
    domain::FrameReader frames;
    frames.add(text);
    for (auto frame = frames.next(); frame && *frame; frame = frames.next()) {
    }
    return 0;
}
