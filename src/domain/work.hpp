// What the manager's workers run, and how their answers are read. Private to src/domain.
#pragma once

#include "domain/create.hpp"
#include "domain/worker.hpp"
#include "xen/context.hpp"

#include <chrono>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace bulkhead::domain::work {

constexpr std::chrono::seconds create_deadline{300};  // a bootloader alone may take libxl 120 s
constexpr std::chrono::seconds destroy_deadline{120}; // devices: 10 s each, in parallel; the device model: 10 s
constexpr std::chrono::seconds attach_deadline{120};

using Body = std::function<Result<std::string>(xen::Context&, const WorkerSide&)>;

// Runs in the child, which needs a libxl context of its own.
Result<std::string> with_context(const Body& body, const WorkerSide& side);

// Makes a domain (`verb`: why, for the policy's log); its intent and answer are JSON: "uuid", "name" and with the
// answer "id", "policy", "warnings", "pending", and "config", "source" and "directory" of one that was saved.
Result<std::string> create(xen::Context& xen, const WorkerSide& side, const CreateRequest& request,
                           const std::string& verb);

// Members of an answer; absent or of another type: "" and 0.
std::string text(const nlohmann::json& object, const char* key);
unsigned number(const nlohmann::json& object, const char* key);
// "pending" of an answer about the domain with this UUID.
std::vector<PendingVif> pending(const nlohmann::json& object, const std::string& uuid);

} // namespace bulkhead::domain::work
