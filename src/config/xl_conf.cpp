#include "config/xl_conf.hpp"

#include "config/reader.hpp"

#include <cstdint>

namespace bulkhead::config {
namespace {

Status read_nic(const Reader& reader, xen::NicSpec& nic) {
    // The names without a dot are older; xl reads the newer ones after them.
    struct {
        const char* key;
        std::string& target;
    } const texts[] = {
        {"vifscript", nic.script},
        {"vif.default.script", nic.script},
        {"defaultbridge", nic.bridge},
        {"vif.default.bridge", nic.bridge},
        {"vif.default.gatewaydev", nic.gatewaydev},
        {"vif.default.backend", nic.backend},
    };
    for (const auto& [key, target] : texts) {
        if (const auto value = TRY(reader.text(key))) target = *value;
    }
    return {};
}

Result<Autoballoon> read_autoballoon(const Reader& reader) {
    const auto word = TRY(reader.text("autoballoon"));
    if (!word || *word == "auto") return Autoballoon::automatic;
    if (*word == "on" || *word == "1") return Autoballoon::on;
    if (*word == "off" || *word == "0") return Autoballoon::off;
    return reader.error("autoballoon", "must be \"on\", \"off\" or \"auto\"");
}

} // namespace

Result<XlConf> parse_xl_conf(std::string_view text, const std::string& source) {
    const xen::ConfigTree tree = TRY(xen::read_config(text, source));
    const Reader reader(tree);
    XlConf conf;
    TRY(read_nic(reader, conf.nic));
    conf.autoballoon = TRY(read_autoballoon(reader));
    if (const auto file = TRY(reader.text("lockfile"))) conf.lockfile = *file;
    conf.host.max_grant_frames = TRY(reader.number("max_grant_frames", 0, INT32_MAX));
    conf.host.max_maptrack_frames = TRY(reader.number("max_maptrack_frames", 0, INT32_MAX));
    conf.host.max_grant_version = TRY(reader.number("max_grant_version", 0, INT32_MAX));
    conf.host.claim_mode = TRY(reader.number("claim_mode", 0, 1)).value_or(1);
    conf.host.run_hotplug_scripts = TRY(reader.number("run_hotplug_scripts", 0, 1)).value_or(1) != 0;
    conf.host.blkdev_start = TRY(reader.text("blkdev_start")).value_or("");
    conf.host.random_domid = TRY(reader.text("domid_policy")).value_or("xen") == "random";
    conf.host.cpu_mask = TRY(reader.text("vm.cpumask")).value_or("");
    conf.host.pv_cpu_mask = TRY(reader.text("vm.pv.cpumask")).value_or("");
    conf.host.hvm_cpu_mask = TRY(reader.text("vm.hvm.cpumask")).value_or("");
    return conf;
}

} // namespace bulkhead::config
