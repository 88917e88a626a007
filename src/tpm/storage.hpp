// Objects under a storage key of the owner hierarchy: what is kept in files, since a TPM has no room.
#pragma once

#include "measure/sealed_file.hpp"
#include "tpm/connection.hpp"

#include <string>

namespace bulkhead::tpm {

// The primary key by the storage template of TCG's TPM 2.0 Provisioning Guidance (7.5.1): the same key each time until
// the TPM is cleared. The owner's authorisation must be empty.
struct Parent {
    Handle key;
    std::string name; // TPM2B_NAME's bytes
};
Result<Parent> open_parent(Connection& connection, measure::ParentTemplate form);

// The parent that `blob` was made under; another one, from another TPM, from a cleared one, or somebody's on the bus,
// is an error.
Result<Parent> open_parent_of(Connection& connection, const measure::TpmBlob& blob);

Result<Handle> load(Connection& connection, const Parent& parent, const measure::TpmBlob& blob);

// A session whose first secret is known only to us and to the TPM that has the parent (salted), which encrypts the
// parameters of the commands that it goes with. AES-128-CFB, SHA-256.
enum class SessionKind { hmac, policy };
Result<Handle> start_session(Connection& connection, const Parent& parent, SessionKind kind);

} // namespace bulkhead::tpm
