#include "domain/security_store.hpp"

#include "base/json.hpp"

#include <nlohmann/json.hpp>

namespace bulkhead::domain {
namespace {

using nlohmann::json;

constexpr std::size_t row_max = 32 << 20; // bytes of JSON in one row

std::string print(const Tracked& domain) {
    json devices = json::array();
    for (const auto& [name, use] : domain.devices) devices.push_back(to_json(use));
    return json_line({{"name", domain.name},
                      {"domain", domain.domain},
                      {"policy", domain.label.policy},
                      {"label", domain.label.label},
                      {"version", domain.label.version},
                      {"devices", devices}});
}

// A row's JSON, by `read`, which may throw what nlohmann's access functions do.
template <typename Row, typename Read>
Result<Row> parse_row(const std::string& text, const char* what, const Read& read) {
    json object;
    TRY(parse_json_object(text, row_max, object));
    try {
        return read(object);
    } catch (const json::exception& error) {
        return fail(std::string("state database: ") + what + " is not readable: " + error.what());
    }
}

Result<Tracked> parse_tracked(const std::string& text) {
    return parse_row<Tracked>(text, "a domain's label", [](const json& object) {
        Tracked domain;
        domain.name = object.at("name");
        domain.domain = object.at("domain");
        domain.label = {object.at("policy"), object.at("label"), object.at("version")};
        for (const json& entry : object.at("devices")) {
            DeviceUse use = device_use(entry);
            domain.devices.insert_or_assign(use.device, std::move(use));
        }
        return domain;
    });
}

using Changes = policy::RenameHistory::Changes;
using Step = policy::RenameHistory::Step;

json changes_json(const Changes& changes) {
    return {{"renamed", changes.renamed}, {"deleted", changes.deleted}, {"added", changes.added}};
}

Changes changes_of(const json& object) {
    Changes changes;
    for (const auto& [from, to] : object.at("renamed").items()) changes.renamed.emplace(from, to.get<std::string>());
    for (const json& name : object.at("deleted")) changes.deleted.insert(name.get<std::string>());
    for (const json& name : object.at("added")) changes.added.insert(name.get<std::string>());
    return changes;
}

std::string print(const Step& step) {
    return json_line({{"policy", step.policy},
                      {"version", step.version.text()},
                      {"vm", changes_json(step.vm)},
                      {"resource", changes_json(step.resource)}});
}

Result<Step> parse_step(const std::string& text) {
    return parse_row<Step>(text, "a rename", [](const json& object) -> Result<Step> {
        Step step;
        step.policy = object.at("policy");
        step.version = TRY(policy::parse_version(object.at("version").get<std::string>()));
        step.vm = changes_of(object.at("vm"));
        step.resource = changes_of(object.at("resource"));
        return step;
    });
}

std::int64_t signed_of(std::uint64_t number) {
    return static_cast<std::int64_t>(number);
}

} // namespace

Result<std::optional<StoredPolicy>> SecurityStore::policy() {
    Statement query = TRY(database_->prepare("SELECT xml, sha256, domain0 FROM security_policy"));
    if (!TRY(query.step())) return std::optional<StoredPolicy>();
    return std::optional(StoredPolicy{query.text(0), query.text(1), query.text(2)});
}

Result<std::string> SecurityStore::setting(const std::string& key) {
    Statement query = TRY(database_->prepare("SELECT value FROM security_setting WHERE key = ?1"));
    query.bind(1, key);
    if (!TRY(query.step())) return std::string();
    return query.text(0);
}

Result<std::vector<StoredResource>> SecurityStore::resources() {
    Statement query = TRY(database_->prepare("SELECT key, kind, device, inode, path, boot, policy, label, valid "
                                             "FROM security_resource ORDER BY key"));
    std::vector<StoredResource> found;
    while (TRY(query.step())) {
        StoredResource row;
        row.resource.key = query.text(0);
        const auto kind = parse_kind(query.text(1));
        if (!kind) return fail("state database: a resource of unknown kind");
        row.resource.kind = *kind;
        row.resource.path = query.text(4);
        row.resource.boot = query.text(5);
        row.resource.node = storage::named_node(row.resource.path);
        if (!row.resource.boot.empty()) {
            row.resource.node = {*kind == ResourceKind::phy ? storage::Node::Kind::device : storage::Node::Kind::file,
                                 static_cast<std::uint64_t>(query.number(2)),
                                 static_cast<std::uint64_t>(query.number(3)), ""};
        }
        row.label = {query.text(6), query.text(7), query.number(8) != 0};
        found.push_back(std::move(row));
    }
    return found;
}

Result<std::map<std::string, Tracked>> SecurityStore::domains() {
    Statement query = TRY(database_->prepare("SELECT uuid, detail FROM security_domain"));
    std::map<std::string, Tracked> found;
    while (TRY(query.step())) {
        Tracked domain = TRY(parse_tracked(query.text(1)));
        found.emplace(query.text(0), std::move(domain));
    }
    return found;
}

Result<policy::RenameHistory> SecurityStore::renames() {
    Statement query = TRY(database_->prepare("SELECT step FROM security_rename ORDER BY id"));
    std::vector<Step> steps;
    while (TRY(query.step())) {
        Step step = TRY(parse_step(query.text(0)));
        steps.push_back(std::move(step));
    }
    policy::RenameHistory history;
    history.restore(std::move(steps));
    return history;
}

Status SecurityStore::set_setting(const std::string& key, const std::string& value) {
    Statement write = TRY(database_->prepare("INSERT OR REPLACE INTO security_setting (key, value) VALUES (?1, ?2)"));
    return write.bind(1, key).bind(2, value).run();
}

Status SecurityStore::set_domain0(const std::string& label) {
    Statement write = TRY(database_->prepare("UPDATE security_policy SET domain0 = ?1"));
    return write.bind(1, label).run();
}

Status SecurityStore::write(const StoredResource& row) {
    Statement insert = TRY(database_->prepare("INSERT OR REPLACE INTO security_resource (key, kind, device, inode, "
                                              "path, boot, policy, label, valid) "
                                              "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"));
    const Labelled& resource = row.resource;
    const bool known = resource.node.kind != storage::Node::Kind::name;
    insert.bind(1, resource.key).bind(2, kind_name(resource.kind)).bind(3, signed_of(resource.node.device));
    insert.bind(4, signed_of(resource.node.inode)).bind(5, resource.path).bind(6, known ? resource.boot : "");
    insert.bind(7, row.label.policy).bind(8, row.label.label).bind(9, std::int64_t{row.label.valid});
    return insert.run();
}

Status SecurityStore::put(const StoredResource& resource) {
    return write(resource);
}

Status SecurityStore::drop_resource(const std::string& key) {
    Statement remove = TRY(database_->prepare("DELETE FROM security_resource WHERE key = ?1"));
    return remove.bind(1, key).run();
}

Status SecurityStore::write(const std::string& uuid, const Tracked& domain) {
    Statement insert = TRY(database_->prepare("INSERT OR REPLACE INTO security_domain (uuid, detail) VALUES (?1, ?2)"));
    return insert.bind(1, uuid).bind(2, print(domain)).run();
}

Status SecurityStore::put(const std::string& uuid, const Tracked& domain) {
    return write(uuid, domain);
}

Status SecurityStore::drop_domain(const std::string& uuid) {
    Statement remove = TRY(database_->prepare("DELETE FROM security_domain WHERE uuid = ?1"));
    return remove.bind(1, uuid).run();
}

Status SecurityStore::change(const std::optional<StoredPolicy>& policy, const std::vector<StoredResource>& resources,
                             const std::map<std::string, Tracked>& domains, const policy::RenameHistory* renamed) {
    Commit commit = TRY(Commit::begin(*database_));
    TRY(database_->execute("DELETE FROM security_policy"));
    if (policy) {
        Statement insert =
            TRY(database_->prepare("INSERT INTO security_policy (id, xml, sha256, domain0) VALUES (1, ?1, ?2, ?3)"));
        TRY(insert.bind(1, policy->xml).bind(2, policy->sha256).bind(3, policy->domain0).run());
    }
    for (const StoredResource& row : resources) TRY(write(row));
    for (const auto& [uuid, domain] : domains) TRY(write(uuid, domain));
    if (renamed != nullptr && renamed->steps() > 0) {
        Statement insert = TRY(database_->prepare("INSERT INTO security_rename (step) VALUES (?1) RETURNING id"));
        insert.bind(1, print(renamed->all().back()));
        if (!TRY(insert.step())) return fail("state database: no row written");
        const std::int64_t id = insert.number(0);
        TRY(insert.run());
        Statement trim = TRY(database_->prepare("DELETE FROM security_rename WHERE id <= ?1"));
        TRY(trim.bind(1, id - static_cast<std::int64_t>(policy::RenameHistory::steps_max)).run());
    }
    return commit.commit();
}

} // namespace bulkhead::domain
