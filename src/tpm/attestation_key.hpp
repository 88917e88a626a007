// An attestation key: it signs only what the TPM made itself.
#pragma once

#include "measure/sealed_file.hpp"
#include "tpm/connection.hpp"

#include <string>
#include <string_view>

namespace bulkhead::tpm {

// A restricted ECDSA key on P-256 with SHA-256, under the storage key. The blob's public_area is what is enrolled.
Result<measure::TpmBlob> create_attestation_key(Connection& connection, measure::ParentTemplate form);

struct SignedQuote {
    std::string quote;     // TPMS_ATTEST
    std::string signature; // TPMT_SIGNATURE
};
// `nonce`: at most 64 bytes.
Result<SignedQuote> quote(Connection& connection, const measure::TpmBlob& key, const measure::PcrSelection& selection,
                          std::string_view nonce);

} // namespace bulkhead::tpm
