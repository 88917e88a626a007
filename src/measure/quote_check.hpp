// Does a quote prove what a log tells? First the signature and the nonce, then the PCRs. Pure.
#pragma once

#include "base/result.hpp"
#include "measure/diff.hpp"
#include "measure/tpm_key.hpp"
#include "measure/tpm_quote.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::measure {

// `bytes` is a TPMS_ATTEST, `signature_bytes` a TPMT_SIGNATURE. Errors: malformed, not the key's signature, another
// nonce, a quote of no PCR.
struct AuthenticQuote {
    Quote quote;
    Bank hash = Bank::sha256; // that of the signature, which is also that of the PCR digest (Part 3, 18.4)
};
Result<AuthenticQuote> authenticate(const TpmKey& key, std::string_view bytes, std::string_view signature_bytes,
                                    std::string_view nonce);

struct QuoteVerdict {
    bool log_matches = false;            // the log leads to the PCRs that the TPM signed
    std::optional<bool> as_expected;     // the expected list leads to them; nullopt: none was given
    std::vector<std::uint32_t> wrong;    // PCRs where the log and the TPM part, as far as it is known
    std::vector<Difference> differences; // of the log from the expected list, in the quoted PCRs
    std::vector<std::string> faults;     // all of it in words; empty when everything holds
    [[nodiscard]] bool holds() const { return faults.empty(); }
};

// `expected`: what the machine was meant to measure. `values`: the PCRs as somebody read them, one behind the other in
// the quote's order, believed only when they give the quoted digest; with them a fault names the PCR. What a log says
// of an event beside its digest is not signed: names are a help to the reader, the verdict rests on digests. An error
// when the log or the expected list lacks a bank or PCR of the quote, or `values` have another size.
Result<QuoteVerdict> judge(const AuthenticQuote& quote, const EventList& log, const EventList* expected,
                           const std::string* values);

} // namespace bulkhead::measure
