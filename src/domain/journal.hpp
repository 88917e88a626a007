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
    std::string verb; // "create", "restart", "network-attach"
    std::string uuid; // of the domain, chosen beforehand
    std::string name;
    std::string detail; // what undoing needs beyond the UUID; free text
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

class Journal {
public:
    static Result<Journal> open(const std::string& file);

    // Refused while another operation makes or remakes the domain (its UUID or its name).
    Result<std::int64_t> begin(const Operation& operation);
    Status end(std::int64_t operation);
    // Ends the operation and records its domain in one transaction: there is no moment with both or neither.
    Status end_with_domain(std::int64_t operation, const DomainRecord& domain);
    Result<std::vector<Operation>> operations();

    Result<std::vector<DomainRecord>> domains();
    Result<std::optional<DomainRecord>> find(const std::string& uuid);
    Status forget(const std::string& uuid);
    Status rename(const std::string& uuid, const std::string& name);

private:
    explicit Journal(Database database) : database_(std::move(database)) {}
    Database database_;
};

} // namespace bulkhead::domain
