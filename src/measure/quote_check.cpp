#include "measure/quote_check.hpp"

#include "base/text.hpp"

#include <openssl/crypto.h>

namespace bulkhead::measure {
namespace {

bool equal(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

// The PCRs of the TPM, which were signed, against those that a list leads to.
void name_wrong_pcrs(const PcrSelection& selection, const PcrValues& of_log, const PcrValues& of_tpm,
                     QuoteVerdict& verdict) {
    for (const auto& [bank, pcrs] : selection) {
        for (const std::uint32_t pcr : pcrs) {
            const std::string& log = of_log.at(bank).at(pcr);
            const std::string& tpm = of_tpm.at(bank).at(pcr);
            if (log == tpm) continue;
            if (verdict.wrong.empty() || verdict.wrong.back() != pcr) verdict.wrong.push_back(pcr);
            verdict.faults.push_back("PCR " + std::to_string(pcr) + ": the log leads to " +
                                     std::string(bank_name(bank)) + " " + to_hex(log) + ", the TPM holds " +
                                     to_hex(tpm));
        }
    }
}

} // namespace

Result<AuthenticQuote> authenticate(const TpmKey& key, std::string_view bytes, std::string_view signature_bytes,
                                    std::string_view nonce) {
    const TpmSignature signature = TRY(context(parse_tpm_signature(signature_bytes), "the signature"));
    TRY(key.verify(signature, bytes));
    AuthenticQuote authentic;
    authentic.quote = TRY(context(parse_quote(bytes), "the quote"));
    authentic.hash = signature.hash;
    if (!equal(authentic.quote.nonce, nonce))
        return fail("the quote answers another nonce (" + to_hex(authentic.quote.nonce) + "): it is not fresh");
    if (pcrs_of(authentic.quote.selection).empty()) return fail("the quote covers no PCR");
    return authentic;
}

Result<QuoteVerdict> judge(const AuthenticQuote& authentic, const EventList& log, const EventList* expected,
                           const std::string* values) {
    const Quote& quote = authentic.quote;
    const auto leads_to_quote = [&](const PcrValues& pcrs) {
        return equal(pcr_digest(authentic.hash, quote.selection, pcrs), quote.pcr_digest);
    };
    QuoteVerdict verdict;
    const PcrValues of_log = TRY(context(selected_values(log, quote.selection), "the log"));
    verdict.log_matches = leads_to_quote(of_log);
    PcrValues of_tpm;
    if (values != nullptr) of_tpm = TRY(context(split_values(quote.selection, *values), "the values"));
    if (!verdict.log_matches) {
        if (values != nullptr && leads_to_quote(of_tpm))
            name_wrong_pcrs(quote.selection, of_log, of_tpm, verdict);
        else
            verdict.faults.push_back("the log does not lead to the PCRs that the TPM signed (" +
                                     to_text(quote.selection) + ")");
    }
    if (expected == nullptr) return verdict;
    const PcrValues of_expected = TRY(context(selected_values(*expected, quote.selection), "the expected list"));
    verdict.as_expected = leads_to_quote(of_expected);
    if (*verdict.as_expected) return verdict;
    const Comparison comparison = TRY(compare(log, *expected, "the log", "what is expected", pcrs_of(quote.selection)));
    verdict.differences = comparison.differences;
    for (const Difference& difference : comparison.differences) verdict.faults.push_back(to_text(difference));
    if (verdict.faults.empty()) verdict.faults.emplace_back("the TPM signed other PCRs than are expected");
    return verdict;
}

} // namespace bulkhead::measure
