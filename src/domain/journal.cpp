#include "domain/journal.hpp"

#include "domain/security_store.hpp"

#include <chrono>
#include <ctime>

namespace bulkhead::domain {
namespace {

constexpr int schema_version = 6;

constexpr const char* schema = R"sql(
CREATE TABLE operation (
    id INTEGER PRIMARY KEY,
    verb TEXT NOT NULL,
    uuid TEXT NOT NULL,
    name TEXT NOT NULL,
    detail TEXT NOT NULL,
    started INTEGER NOT NULL
);
CREATE TABLE domain (
    uuid TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    config TEXT NOT NULL,
    source TEXT NOT NULL,
    directory TEXT NOT NULL,
    policy TEXT NOT NULL,
    domid INTEGER NOT NULL,
    created INTEGER NOT NULL
);
)sql";

constexpr const char* schema_2 = R"sql(
CREATE TABLE history (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    uuid TEXT NOT NULL,
    name TEXT NOT NULL,
    what TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX history_uuid ON history (uuid, id);
PRAGMA user_version = 2;
)sql";

constexpr const char* schema_3 = R"sql(
CREATE TABLE pending_vif (
    uuid TEXT NOT NULL,
    devid INTEGER NOT NULL,
    backend TEXT NOT NULL,
    PRIMARY KEY (uuid, devid)
);
PRAGMA user_version = 3;
)sql";

constexpr const char* schema_4 = R"sql(
CREATE TABLE kept (
    uuid TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    config TEXT NOT NULL,
    source TEXT NOT NULL,
    directory TEXT NOT NULL,
    autostart INTEGER NOT NULL
);
PRAGMA user_version = 4;
)sql";

constexpr const char* schema_6 = R"sql(
CREATE TABLE next_config (
    uuid TEXT PRIMARY KEY,
    config TEXT NOT NULL,
    source TEXT NOT NULL,
    directory TEXT NOT NULL
);
PRAGMA user_version = 6;
)sql";

constexpr const char* domain_columns = "SELECT uuid, name, config, source, directory, policy, domid FROM domain";

DomainRecord record_of(const Statement& row) {
    return {row.text(0),
            row.text(1),
            row.text(2),
            row.text(3),
            row.text(4),
            row.text(5),
            static_cast<unsigned>(row.number(6))};
}

std::int64_t now() {
    return std::time(nullptr);
}

} // namespace

Result<Journal> Journal::open(const std::string& file) {
    const std::size_t slash = file.rfind('/');
    Journal journal(TRY(Database::open(file)), slash == std::string::npos ? "." : file.substr(0, slash));
    Database& database = journal.database_;
    std::int64_t version = 0;
    {
        Statement query = TRY(database.prepare("PRAGMA user_version"));
        if (TRY(query.step())) version = query.number(0);
    }
    if (version > schema_version) {
        return fail(file + ": written by a newer bulkheadd (format " + std::to_string(version) + ", this one knows " +
                    std::to_string(schema_version) + "); install that version again");
    }
    if (version < schema_version) {
        Commit commit = TRY(Commit::begin(database));
        if (version < 1) TRY(database.execute(schema));
        if (version < 2) TRY(database.execute(schema_2));
        if (version < 3) TRY(database.execute(schema_3));
        if (version < 4) TRY(database.execute(schema_4));
        if (version < 5) TRY(database.execute(SecurityStore::schema));
        TRY(database.execute(schema_6));
        TRY(commit.commit());
    }
    return journal;
}

Result<std::int64_t> Journal::begin(const Operation& operation) {
    Commit commit = TRY(Commit::begin(database_));
    // Vifs may come and go side by side, PCI devices not (libxl counts them in one node) and disks
    // not (their number, which tells them apart, is the person's choice), nor USB controllers (theirs is
    // chosen beforehand); what makes or remakes the domain itself is alone.
    // Only a destruction goes ahead of a save, which then fails.
    Statement busy = TRY(database_.prepare("SELECT verb FROM operation WHERE (uuid = ?1 OR name = ?2) AND "
                                           "(verb IN ('create', 'restart', 'reincarnate') OR "
                                           "(verb = 'save' AND ?3 <> 'destroy') OR "
                                           "?3 IN ('create', 'restart', 'reincarnate', 'save') OR "
                                           "(verb LIKE 'pci-%' AND ?3 LIKE 'pci-%') OR "
                                           "(verb LIKE 'block-%' AND ?3 LIKE 'block-%') OR "
                                           "(verb LIKE 'usb%' AND ?3 LIKE 'usb%'))"));
    busy.bind(1, operation.uuid).bind(2, operation.name).bind(3, operation.verb);
    if (TRY(busy.step())) {
        return fail("domain '" + operation.name + "': another operation (" + busy.text(0) +
                    ") is in progress; wait for it");
    }
    Statement insert = TRY(database_.prepare(
        "INSERT INTO operation (verb, uuid, name, detail, started) VALUES (?1, ?2, ?3, ?4, ?5) RETURNING id"));
    insert.bind(1, operation.verb)
        .bind(2, operation.uuid)
        .bind(3, operation.name)
        .bind(4, operation.detail)
        .bind(5, now());
    if (!TRY(insert.step())) return fail("state database: no row written");
    const std::int64_t id = insert.number(0);
    TRY(insert.run());
    TRY(commit.commit());
    return id;
}

Status Journal::note(std::int64_t operation, const std::string& detail) {
    Statement update = TRY(database_.prepare("UPDATE operation SET detail = ?2 WHERE id = ?1"));
    return update.bind(1, operation).bind(2, detail).run();
}

Status Journal::end(std::int64_t operation) {
    Statement remove = TRY(database_.prepare("DELETE FROM operation WHERE id = ?1"));
    return remove.bind(1, operation).run();
}

Status Journal::end_with_domain(std::int64_t operation, const DomainRecord& domain,
                                const std::vector<PendingVif>& pending) {
    Commit commit = TRY(Commit::begin(database_));
    TRY(end(operation));
    Statement insert =
        TRY(database_.prepare("INSERT OR REPLACE INTO domain (uuid, name, config, source, directory, policy, "
                              "domid, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"));
    insert.bind(1, domain.uuid).bind(2, domain.name).bind(3, domain.config).bind(4, domain.source);
    insert.bind(5, domain.directory)
        .bind(6, domain.policy)
        .bind(7, static_cast<std::int64_t>(domain.domain))
        .bind(8, now());
    TRY(insert.run());
    for (const char* was : {"DELETE FROM pending_vif WHERE uuid = ?1", "DELETE FROM next_config WHERE uuid = ?1"}) {
        Statement clear = TRY(database_.prepare(was));
        TRY(clear.bind(1, domain.uuid).run());
    }
    for (const PendingVif& vif : pending) {
        Statement add = TRY(database_.prepare("INSERT INTO pending_vif (uuid, devid, backend) VALUES (?1, ?2, ?3)"));
        TRY(add.bind(1, domain.uuid).bind(2, static_cast<std::int64_t>(vif.devid)).bind(3, vif.backend).run());
    }
    return commit.commit();
}

Result<std::vector<PendingVif>> Journal::pending_vifs() {
    Statement query = TRY(database_.prepare("SELECT uuid, devid, backend FROM pending_vif ORDER BY uuid, devid"));
    std::vector<PendingVif> found;
    while (TRY(query.step())) found.push_back({query.text(0), static_cast<unsigned>(query.number(1)), query.text(2)});
    return found;
}

Status Journal::forget_pending(const PendingVif& vif) {
    Statement remove = TRY(database_.prepare("DELETE FROM pending_vif WHERE uuid = ?1 AND devid = ?2"));
    return remove.bind(1, vif.uuid).bind(2, static_cast<std::int64_t>(vif.devid)).run();
}

Result<std::vector<Operation>> Journal::operations() {
    Statement query = TRY(database_.prepare("SELECT id, verb, uuid, name, detail FROM operation ORDER BY id"));
    std::vector<Operation> found;
    while (TRY(query.step())) {
        found.push_back({query.number(0), query.text(1), query.text(2), query.text(3), query.text(4)});
    }
    return found;
}

Result<std::vector<DomainRecord>> Journal::domains() {
    Statement query = TRY(database_.prepare(domain_columns));
    std::vector<DomainRecord> found;
    while (TRY(query.step())) found.push_back(record_of(query));
    return found;
}

Result<std::optional<DomainRecord>> Journal::find(const std::string& uuid) {
    Statement query = TRY(database_.prepare((std::string(domain_columns) + " WHERE uuid = ?1").c_str()));
    query.bind(1, uuid);
    if (!TRY(query.step())) return std::optional<DomainRecord>();
    return std::optional<DomainRecord>(record_of(query));
}

Status Journal::forget(const std::string& uuid) {
    Commit commit = TRY(Commit::begin(database_));
    for (const char* table : {"DELETE FROM domain WHERE uuid = ?1", "DELETE FROM pending_vif WHERE uuid = ?1",
                              "DELETE FROM next_config WHERE uuid = ?1"}) {
        Statement remove = TRY(database_.prepare(table));
        TRY(remove.bind(1, uuid).run());
    }
    return commit.commit();
}

Status Journal::rename(const DomainRecord& domain, const std::string& kept_config) {
    Commit commit = TRY(Commit::begin(database_));
    for (const auto& [table, config] :
         {std::pair("UPDATE domain SET name = ?2, config = ?3 WHERE uuid = ?1", &domain.config),
          std::pair("UPDATE kept SET name = ?2, config = ?3 WHERE uuid = ?1", &kept_config)}) {
        Statement update = TRY(database_.prepare(table));
        TRY(update.bind(1, domain.uuid).bind(2, domain.name).bind(3, *config).run());
    }
    return commit.commit();
}

Status Journal::note_config(std::int64_t operation, const std::string& detail, const DomainRecord& domain) {
    Commit commit = TRY(Commit::begin(database_));
    TRY(note(operation, detail));
    Statement update = TRY(database_.prepare("UPDATE domain SET config = ?2 WHERE uuid = ?1"));
    TRY(update.bind(1, domain.uuid).bind(2, domain.config).run());
    return commit.commit();
}

Status Journal::set_next_config(const std::string& uuid, const NextConfig& next) {
    Commit commit = TRY(Commit::begin(database_));
    for (const char* place : {"INSERT OR REPLACE INTO next_config (uuid, config, source, directory) "
                              "SELECT uuid, ?2, ?3, ?4 FROM domain WHERE uuid = ?1",
                              "UPDATE kept SET config = ?2, source = ?3, directory = ?4 WHERE uuid = ?1"}) {
        Statement write = TRY(database_.prepare(place));
        TRY(write.bind(1, uuid).bind(2, next.config).bind(3, next.source).bind(4, next.directory).run());
    }
    return commit.commit();
}

Result<std::optional<NextConfig>> Journal::next_config(const std::string& uuid) {
    Statement query = TRY(database_.prepare("SELECT config, source, directory FROM next_config WHERE uuid = ?1"));
    query.bind(1, uuid);
    if (!TRY(query.step())) return std::optional<NextConfig>();
    return std::optional<NextConfig>({query.text(0), query.text(1), query.text(2)});
}

Status Journal::keep(const KeptDomain& domain) {
    Commit commit = TRY(Commit::begin(database_));
    Statement other = TRY(database_.prepare("SELECT uuid FROM kept WHERE name = ?1"));
    other.bind(1, domain.name);
    if (TRY(other.step()))
        return fail("a domain named '" + domain.name + "' is kept already; remove it with: bulkhead delete " +
                    domain.name);
    Statement insert = TRY(database_.prepare("INSERT INTO kept (uuid, name, config, source, directory, autostart) "
                                             "VALUES (?1, ?2, ?3, ?4, ?5, ?6)"));
    insert.bind(1, domain.uuid).bind(2, domain.name).bind(3, domain.config).bind(4, domain.source);
    TRY(insert.bind(5, domain.directory).bind(6, std::int64_t{domain.autostart}).run());
    return commit.commit();
}

Result<std::vector<KeptDomain>> Journal::kept() {
    Statement query =
        TRY(database_.prepare("SELECT uuid, name, config, source, directory, autostart FROM kept ORDER BY name"));
    std::vector<KeptDomain> found;
    while (TRY(query.step()))
        found.push_back(
            {query.text(0), query.text(1), query.text(2), query.text(3), query.text(4), query.number(5) != 0});
    return found;
}

Status Journal::drop_kept(const std::string& uuid) {
    Statement remove = TRY(database_.prepare("DELETE FROM kept WHERE uuid = ?1"));
    return remove.bind(1, uuid).run();
}

std::int64_t Journal::now_ms() {
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count();
}

Result<HistoryEntry> Journal::record(HistoryEntry entry) {
    Commit commit = TRY(Commit::begin(database_));
    entry.at = now_ms();
    Statement insert = TRY(database_.prepare("INSERT INTO history (at, uuid, name, what, detail) "
                                             "VALUES (?1, ?2, ?3, ?4, ?5) RETURNING id"));
    insert.bind(1, entry.at).bind(2, entry.uuid).bind(3, entry.name).bind(4, entry.what).bind(5, entry.detail);
    if (!TRY(insert.step())) return fail("state database: no row written");
    entry.id = insert.number(0);
    TRY(insert.run());
    Statement trim = TRY(database_.prepare("DELETE FROM history WHERE id <= ?1"));
    TRY(trim.bind(1, entry.id - static_cast<std::int64_t>(history_max)).run());
    TRY(commit.commit());
    return entry;
}

Result<std::vector<HistoryEntry>> Journal::history(const std::string& uuid, std::size_t most) {
    Statement query = TRY(database_.prepare("SELECT id, at, uuid, name, what, detail FROM (SELECT * FROM history WHERE "
                                            "?1 = '' OR uuid = ?1 ORDER BY id DESC LIMIT ?2) ORDER BY id"));
    query.bind(1, uuid).bind(2, static_cast<std::int64_t>(most));
    std::vector<HistoryEntry> found;
    while (TRY(query.step())) {
        found.push_back({query.number(0), query.number(1), query.text(2), query.text(3), query.text(4), query.text(5)});
    }
    return found;
}

} // namespace bulkhead::domain
