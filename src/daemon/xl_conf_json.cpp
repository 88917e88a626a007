#include "daemon/xl_conf_json.hpp"

#include "base/file.hpp"
#include "base/json.hpp"
#include "config/xl_conf.hpp"
#include "xen/xlcfg.hpp"

#include <nlohmann/json.hpp>

namespace bulkhead::daemon {

Result<std::string> xl_conf_json(const std::string& path) {
    const config::XlConf conf = TRY(config::parse_xl_conf(TRY(read_file(path, xen::config_size_max)), path));
    const char* autoballoon = conf.autoballoon == config::Autoballoon::on    ? "on"
                              : conf.autoballoon == config::Autoballoon::off ? "off"
                                                                             : "auto";
    return json_line({{"autoballoon", autoballoon}, {"backend", conf.nic.backend}, {"bridge", conf.nic.bridge}});
}

} // namespace bulkhead::daemon
