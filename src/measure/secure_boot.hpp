// PCR 7 and 14: what firmware and shim measure of UEFI's Secure Boot variables. Pure.
// Sources: TCG PC Client Platform Firmware Profile 1.05, 3.3.4.8; shim's README.tpm. docs/measure.md says what was
// recomputed from real logs.
#pragma once

#include "base/result.hpp"
#include "measure/event_list.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace bulkhead::measure {

// A signature by which an image was allowed to run.
struct Authority {
    std::string variable;    // where it stands: db, MokListRT; "Shim" for the certificate built into shim
    std::string certificate; // DER
};

struct ShimVariables {
    std::string vendor_certificate; // DER, built into shim; "": not known
    std::vector<Authority> authorities;
};

struct SecureBoot {
    // Name to content, without attributes; of what the firmware and shim look for, nullopt when it is not set. A name
    // that is not here is not known. Shim's under the names that it gives the system: MokListRT, MokListXRT,
    // MokSBStateRT, SbatLevelRT, MokListTrustedRT.
    std::map<std::string, std::optional<std::string>> variables;
    std::vector<std::string> measured = {"SecureBoot", "PK", "KEK", "db", "dbx"}; // in this order
    std::vector<Authority> authorities;                                           // of images that the firmware loads
    std::optional<ShimVariables> shim;
    std::set<std::uint32_t> pcrs = {7}; // 7, 14 or both
};

inline constexpr const char* shim_variables[] = {"MokListRT", "MokListXRT", "MokSBStateRT", "SbatLevelRT",
                                                 "MokListTrustedRT"};

// The name in efivarfs: "db-d719b2cb-3d3a-4596-a3bc-dad00e67656f".
std::string efivarfs_name(const std::string& variable);

// Errors: variables that are not known, all of them in one message; a certificate that stands in no signature list; an
// authority without Secure Boot.
Result<EventList> predict_secure_boot(const SecureBoot& state, const std::vector<Bank>& banks);

} // namespace bulkhead::measure
