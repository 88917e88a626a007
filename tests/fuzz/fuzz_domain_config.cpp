// Configuration files from strangers: xl.cfg, xl.conf, vif texts; and what a broken worker or database may hold.
#include "config/cpupool_config.hpp"
#include "config/domain_config.hpp"
#include "config/vif.hpp"
#include "config/xm_text.hpp"
#include "domain/frame.hpp"
#include "domain/policy.hpp"
#include "xen/disk_text.hpp"
#include "xen/libxl.hpp"
#include "xen/spec_cpus.hpp"
#include "xen/spec_options.hpp"

#include <cstdint>
#include <cstdlib>

using namespace bulkhead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 16384) return 0;
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto parsed = config::parse_domain(text, "fuzz.cfg", config::XlConf());
    if (parsed && (parsed->spec.name.empty() || parsed->spec.name.find('/') != std::string::npos)) std::abort();
    if (!parsed && parsed.error().message.empty()) std::abort();
    // What only xm read: always tried, whatever libxlutil thinks of the text. What comes out must be what xl reads.
    const auto made =
        config::xl_text_of_xm(text, "fuzz", [](std::string_view name) { return xen::knows_option(name); });
    if (made && made->size() <= xen::config_size_max) {
        const auto tree = xen::read_config(*made, "made");
        if (!tree && text.find('\0') == std::string::npos) std::abort();
    }
    // Each option of the table sees the text as a string, as an item and as an item of an item.
    const xen::ConfigValue plain{false, text.substr(0, text.find('\0')), {}, 1};
    const xen::ConfigValue list{true, "", {plain, plain}, 1};
    const xen::ConfigValue lists{true, "", {list, list}, 1};
    for (const std::string& key : xen::option_names()) {
        for (const xen::ConfigValue* value : {&plain, &list, &lists}) {
            xen::OptionNotes notes;
            (void)xen::check_option(key, *value, notes);
        }
    }
    if (const auto disk = xen::parse_disk(text); disk && disk->vdev.substr(0, 5) == "/dev/") {
        if (text.find("/dev//dev/") == std::string::npos) std::abort();
    }
    if (const auto ranges = xen::parse_cpu_ranges(text)) {
        for (const xen::CpuRange& range : *ranges) {
            if (range.first > range.last || range.last > xen::cpu_number_max) std::abort();
        }
    }
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
