// Journal: what the daemon must remember, written before it acts. A row of `operation` is there while something is
// half-done; what is found there at start-up is undone. A row of `domain` is a domain that Bulkhead made and looks
// after.
#pragma once

#include "base/result.hpp"
#include "domain/database.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bulkhead::domain {

struct Operation {
    std::int64_t id = 0;
    std::string verb; // "create", "restart", "network-attach", "network-detach", "pci-attach", "pci-detach",
                      // "block-attach", "block-detach", "save"
    std::string uuid; // of the domain, chosen beforehand
    std::string name;
    std::string detail; // what undoing needs beyond the UUID; free text
};

// Something that happened to a domain, for people who look later.
struct HistoryEntry {
    std::int64_t id = 0;
    std::int64_t at = 0; // milliseconds since 1970
    std::string uuid, name;
    std::string what;   // "died", "ready", ...
    std::string detail; // JSON
};

// A vif of one of our domains' configuration whose driver domain was not ready when the domain was made: it is attached
// when that is.
struct PendingVif {
    std::string uuid; // of the client
    unsigned devid = 0;
    std::string backend; // as the configuration names it
};

// A domain that is kept whether it runs or not: `new` writes it, `delete` removes it.
struct KeptDomain {
    std::string uuid;
    std::string name;                      // unique
    std::string config, source, directory; // as DomainRecord
    bool autostart = false;
};

struct DomainRecord {
    std::string uuid;
    std::string name;
    std::string config;    // xl.cfg text, overrides included
    std::string source;    // the file's name, for messages
    std::string directory; // that relative paths in it mean
    std::string policy;    // what to do when it shuts down: policy.hpp
    unsigned domain = 0;   // last known domid; not an identity
};

// What a domain is to be made from at its next restart, instead of what it is: `config-update` writes it.
struct NextConfig {
    std::string config, source, directory; // as DomainRecord
};

class Journal {
public:
    static Result<Journal> open(const std::string& file);
    [[nodiscard]] const std::string& folder() const { return folder_; } // of the file
    [[nodiscard]] Database& database() { return database_; }            // moves with the journal

    // Refused while another operation makes or remakes the domain (its UUID or its name), and for a PCI device or a
    // disk while another one comes or goes.
    Result<std::int64_t> begin(const Operation& operation);
    // The operation goes on to its next step.
    Status note(std::int64_t operation, const std::string& detail);
    Status end(std::int64_t operation);
    // Ends the operation and records its domain, and the vifs that it lacks, in one transaction: there is no moment
    // with both or neither.
    Status end_with_domain(std::int64_t operation, const DomainRecord& domain, const std::vector<PendingVif>& pending);
    Result<std::vector<Operation>> operations();

    Result<std::vector<DomainRecord>> domains();
    Result<std::optional<DomainRecord>> find(const std::string& uuid);
    Status forget(const std::string& uuid);
    Result<std::vector<PendingVif>> pending_vifs();
    Status forget_pending(const PendingVif& vif); // no error if it is not there
    // Its name, also the one in its configuration, and in that of the kept domain (if it is one).
    Status rename(const DomainRecord& domain, const std::string& kept_config);
    // Its configuration, which is what a restart makes it from, and that the operation has come so far: in one
    // transaction.
    Status note_config(std::int64_t operation, const std::string& detail, const DomainRecord& domain);

    // Of one of ours, a kept one, or both: that is also what the kept one is started from. Gone when the domain was
    // made again from it, or is forgotten.
    Status set_next_config(const std::string& uuid, const NextConfig& next);
    Result<std::optional<NextConfig>> next_config(const std::string& uuid);

    // Refused when another kept domain has the name.
    Status keep(const KeptDomain& domain);
    Result<std::vector<KeptDomain>> kept(); // by name
    Status drop_kept(const std::string& uuid);

    // The newest history_max entries are kept.
    Result<HistoryEntry> record(HistoryEntry entry);
    // Oldest first: the last `most` entries of one domain, or with an empty `uuid` of all.
    Result<std::vector<HistoryEntry>> history(const std::string& uuid, std::size_t most);
    static constexpr std::size_t history_max = 10'000;

    static std::int64_t now_ms(); // as HistoryEntry::at

private:
    Journal(Database database, std::string folder) : database_(std::move(database)), folder_(std::move(folder)) {}
    Database database_;
    std::string folder_;
};

} // namespace bulkhead::domain
