// What a request's arguments say, checked. Private to src/daemon.
#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "daemon/server.hpp"
#include "domain/manager.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace bulkhead::daemon {

// The words that every file of verbs is written in.
using domain::Manager;
using domain::WorkerSide;
using nlohmann::json;
using std::chrono::seconds;
using CallPointer = std::shared_ptr<Call>;

inline constexpr seconds query_deadline{15}; // for what only reads

class Arguments {
public:
    explicit Arguments(const Call& call) : object_(nlohmann::json::parse(call.request.arguments, nullptr, false)) {}

    // Absent: an empty text, false, an empty list. Of the wrong type: an error that names the key.
    [[nodiscard]] Result<std::string> text(const char* key) const;
    [[nodiscard]] Result<std::string> needed_text(const char* key) const;
    [[nodiscard]] Result<bool> flag(const char* key) const;
    // A whole number, as people type it or as JSON's; nullopt when absent. `what` is for the error, which says the
    // range.
    [[nodiscard]] Result<std::optional<long>> number(const char* key, const char* what, long least, long most) const;
    [[nodiscard]] Result<std::vector<std::string>> texts(const char* key) const;

    // The domain that the argument "domain" names.
    [[nodiscard]] Result<xen::DomainInfo> domain(domain::Manager& manager) const;

private:
    nlohmann::json object_;
};

// What `create` and `new` say: "config", "source", "directory", "overrides", "paused", "wait".
Result<domain::CreateRequest> create_request(const Arguments& arguments);

// A Reply that answers the call.
domain::Reply reply_to(const std::shared_ptr<Call>& call);
// The same for an operation that is of no use without its client: it is stopped when the client goes.
Status run_while_connected(domain::Manager& manager, const std::shared_ptr<Call>& call,
                           Result<domain::Workers::Id> started);

} // namespace bulkhead::daemon
