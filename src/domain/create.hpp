// Making a domain from an xl.cfg file. For workers: it checks what can be checked, says what it is about to do, builds.
#pragma once

#include "base/result.hpp"
#include "config/domain_config.hpp"
#include "domain/backend.hpp"
#include "domain/journal.hpp"
#include "xen/context.hpp"

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace bulkhead::domain {

struct CreateRequest {
    std::string config;                 // text of the file
    std::string source = "config";      // its name, for messages
    std::string directory;              // what relative paths in it mean; absolute
    std::vector<std::string> overrides; // VAR=VALUE...
    bool paused = false;
    bool wait = false; // until the driver domains of its vifs are ready; otherwise these vifs are left out for now
    bool ignore_cpu_masks = false; // of xl.conf
    // Ours, by every name that a configuration may use: a vif whose driver domain is one of them and not ready is left
    // out. Others are waited for, since nobody would tell us.
    std::vector<std::string> driver_domains;
    std::string uuid; // for a file without uuid=; with `force_uuid` in any case
    bool force_uuid = false;
    std::optional<unsigned> domain; // the domid that it must get; otherwise Xen's next
    std::string name;               // non-empty: instead of the file's
    // A spare is a domain without its PCI devices that can take them later. `saved`: the file (xen/save.hpp) of a spare
    // that is restored instead of booting; it gets its PCI devices when it runs.
    bool spare = false;
    std::string saved;
    // A domain's own saved image (save.hpp): it goes on from there. Empty `config`: as it was saved. Its vifs are
    // waited for whatever `wait` says: a guest that wakes up without them drops its interfaces, addresses and
    // connections.
    std::string image;
    // Instead of what the configuration says: access_control= (xen/domain_spec.hpp).
    std::optional<xen::LabelSpec> label;
};

struct Created {
    unsigned domain = 0;
    std::string name, uuid, policy; // policy: see policy.hpp
    std::vector<std::string> warnings;
    std::vector<PendingVif> pending; // left out
};

// "pending" in the JSON that workers answer with: [{"devid", "backend"}...].
nlohmann::json describe(const std::vector<PendingVif>& pending);

class Gate;

struct CreateHooks {
    Progress progress;
    std::function<Status(const std::string& uuid, const std::string& name)> intent; // before anything is made
    const Gate* gate = nullptr; // must be there: it is asked before the intent
    // It runs; the devices that a restored spare gets are attached after this. May be empty.
    std::function<void(unsigned domain)> started;
};

// xl.conf(5) of this host; no file: its defaults.
Result<config::XlConf> host_settings(const std::string& file = "/etc/xen/xl.conf");
// As this request wants them.
Result<config::XlConf> host_settings(const CreateRequest& request);

Result<config::ParsedDomain> parse_request(const CreateRequest& request, const config::XlConf& host);

// One of ours again, under its own UUID.
CreateRequest request_of(const DomainRecord& record);

// What can be said of a request before anything is touched: it is parsed, and its files are looked at. Changes this
// process's working directory.
Result<config::ParsedDomain> check_request(const CreateRequest& request, const config::XlConf& host);

// Changes this process's working directory. On failure nothing is left of the domain.
Result<Created> create_domain(xen::Context& xen, const CreateRequest& request, const CreateHooks& hooks);

} // namespace bulkhead::domain
