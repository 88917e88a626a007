// What the mandatory policy must remember: the policy itself, Domain-0's label, labels of resources, labels and devices
// of the domains that run, renames. Rows of the journal's database; each function is one transaction. Not a decision.
#pragma once

#include "base/result.hpp"
#include "domain/database.hpp"
#include "domain/labelled.hpp"
#include "domain/security_question.hpp"
#include "policy/history.hpp"
#include "policy/host.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bulkhead::domain {

struct StoredPolicy {
    std::string xml;
    std::string sha256;  // of xml, hexadecimal
    std::string domain0; // Domain-0's label
};

struct StoredResource {
    Labelled resource;
    policy::ResourceLabel label;
};

// A domain that runs, or is being made: also one that was started while no policy was in force.
struct Tracked {
    std::string name;
    unsigned domain = 0;  // last known domid; 0: not known
    xen::LabelSpec label; // as it is now; an empty policy: it has none
    std::map<std::string, DeviceUse> devices;
    bool operator==(const Tracked&) const = default;
};

class SecurityStore {
public:
    static constexpr const char* schema = R"sql(
CREATE TABLE security_policy (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    xml TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    domain0 TEXT NOT NULL
);
CREATE TABLE security_setting (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
CREATE TABLE security_resource (
    key TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    device INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    path TEXT NOT NULL,
    boot TEXT NOT NULL,
    policy TEXT NOT NULL,
    label TEXT NOT NULL,
    valid INTEGER NOT NULL
);
CREATE TABLE security_domain (
    uuid TEXT PRIMARY KEY,
    detail TEXT NOT NULL
);
CREATE TABLE security_rename (
    id INTEGER PRIMARY KEY,
    step TEXT NOT NULL
);
)sql";

    // `database` must outlive it.
    explicit SecurityStore(Database& database) : database_(&database) {}

    Result<std::optional<StoredPolicy>> policy();
    Result<std::string> setting(const std::string& key); // "": not set
    Result<std::vector<StoredResource>> resources();
    Result<std::map<std::string, Tracked>> domains(); // by UUID
    Result<policy::RenameHistory> renames();

    Status set_setting(const std::string& key, const std::string& value);
    Status set_domain0(const std::string& label);
    Status put(const StoredResource& resource);
    Status drop_resource(const std::string& key);
    Status put(const std::string& uuid, const Tracked& domain);
    Status drop_domain(const std::string& uuid);
    // A change of policy, all of it or nothing; no policy: none is in force from now on. Of the renames the last is
    // new.
    Status change(const std::optional<StoredPolicy>& policy, const std::vector<StoredResource>& resources,
                  const std::map<std::string, Tracked>& domains, const policy::RenameHistory* renamed);

private:
    Status write(const StoredResource& resource);
    Status write(const std::string& uuid, const Tracked& domain);
    Database* database_;
};

} // namespace bulkhead::domain
