#include "cli/client.hpp"
#include "cli/measure_files.hpp"
#include "cli/verb.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "measure/quote_check.hpp"
#include "measure/tpm_policy.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace bulkhead::cli {
namespace {

using nlohmann::ordered_json;

Result<std::string> needed(const Arguments& arguments, const char* option) {
    auto value = arguments.value(option);
    if (!value) return usage_error(std::string("--") + option + " is missing");
    return *value;
}

ordered_json differences_json(const std::vector<measure::Difference>& differences) {
    ordered_json rows = ordered_json::array();
    for (const measure::Difference& difference : differences)
        rows.push_back({{"pcr", difference.pcr}, {"what", difference.what}});
    return rows;
}

void print_verdict(const measure::TpmKey& key, const measure::AuthenticQuote& authentic,
                   const measure::QuoteVerdict& verdict) {
    std::printf("signature: good, %s, %s\n", key.description().c_str(),
                std::string(measure::bank_name(authentic.hash)).c_str());
    std::printf("nonce: good\npcrs: %s\n", measure::to_text(authentic.quote.selection).c_str());
    std::printf("log: %s\n", verdict.log_matches ? "leads to the signed PCRs" : "does not lead to the signed PCRs");
    if (verdict.as_expected)
        std::printf("expected: %s\n", *verdict.as_expected ? "leads to the signed PCRs" : "other PCRs");
    for (const std::string& fault : verdict.faults) std::printf("%s\n", fault.c_str());
}

Result<measure::AuthenticQuote> read_quote(const Arguments& arguments, const measure::TpmKey& key) {
    const auto nonce = from_hex(TRY(needed(arguments, "nonce")));
    if (!nonce || nonce->empty()) return usage_error("--nonce: hexadecimal digits in pairs");
    const std::string quote = TRY(read_file(TRY(needed(arguments, "quote")), measure::tpm_file_limit));
    const std::string signature = TRY(read_file(TRY(needed(arguments, "signature")), measure::tpm_file_limit));
    auto authentic = TRY(measure::authenticate(key, quote, signature, *nonce));
    if (const auto pcrs = arguments.value("pcrs")) {
        const measure::PcrSelection wanted = TRY(measure::parse_pcr_selection(*pcrs));
        if (wanted != authentic.quote.selection)
            return fail("the quote covers " + measure::to_text(authentic.quote.selection) + ", not " +
                        measure::to_text(wanted));
    }
    return authentic;
}

Result<int> verify(const Arguments& arguments) {
    const std::string key_file = TRY(needed(arguments, "public"));
    const auto key = TRY(context(measure::TpmKey::parse(TRY(read_file(key_file, measure::tpm_file_limit))), key_file));
    const measure::EventList log = TRY(read_list_file(TRY(needed(arguments, "log"))));
    std::optional<measure::EventList> expected;
    if (const auto path = arguments.value("expected")) expected = TRY(read_list_file(*path));
    std::optional<std::string> values;
    if (const auto path = arguments.value("values")) values = TRY(read_file(*path, measure::tpm_file_limit));
    const auto authentic = read_quote(arguments, key);
    if (!authentic) {
        if (!arguments.has("json") || authentic.error().code == usage_code) return tl::unexpected(authentic.error());
        print_json(ordered_json{{"authentic", false}, {"good", false}, {"faults", {authentic.error().message}}});
        return 1;
    }
    const measure::QuoteVerdict verdict =
        TRY(measure::judge(*authentic, log, expected ? &*expected : nullptr, values ? &*values : nullptr));
    if (!arguments.has("json")) {
        print_verdict(key, *authentic, verdict);
        return verdict.holds() ? 0 : 1;
    }
    print_json(
        ordered_json{{"authentic", true},
                     {"good", verdict.holds()},
                     {"key", key.description()},
                     {"pcrs", measure::to_text(authentic->quote.selection)},
                     {"clock", authentic->quote.clock},
                     {"reset_count", authentic->quote.reset_count},
                     {"restart_count", authentic->quote.restart_count},
                     {"log_matches", verdict.log_matches},
                     {"as_expected", verdict.as_expected ? ordered_json(*verdict.as_expected) : ordered_json(nullptr)},
                     {"wrong_pcrs", verdict.wrong},
                     {"differences", differences_json(verdict.differences)},
                     {"faults", verdict.faults}});
    return verdict.holds() ? 0 : 1;
}

Result<int> policy(const Arguments& arguments) {
    const measure::PcrSelection selection = TRY(measure::parse_pcr_selection(TRY(needed(arguments, "pcrs"))));
    const auto algorithm = measure::parse_bank(arguments.value("algorithm").value_or("sha256"));
    if (!algorithm) return usage_error("--algorithm: sha1, sha256, sha384, sha512 or sm3_256");
    std::vector<std::string> states = {TRY(needed(arguments, "from"))};
    for (const std::string& state : arguments.values("or")) states.push_back(state);
    std::vector<std::string> branches;
    for (const std::string& state : states)
        branches.push_back(measure::policy_pcr(*algorithm, selection, TRY(read_pcr_state(state, selection))));
    const std::string digest = branches.size() == 1 ? branches[0] : TRY(measure::policy_or(*algorithm, branches));
    if (const auto output = arguments.value("output")) TRY(write_file_atomic(*output, digest));
    if (!arguments.has("json")) {
        std::printf("%s\n", to_hex(digest).c_str());
        return 0;
    }
    ordered_json report = {{"policy", to_hex(digest)},
                           {"algorithm", measure::bank_name(*algorithm)},
                           {"pcrs", measure::to_text(selection)}};
    report["branches"] = ordered_json::array();
    for (std::size_t i = 0; i < states.size(); ++i)
        report["branches"].push_back({{"from", states[i]}, {"policy", to_hex(branches[i])}});
    print_json(report);
    return 0;
}

} // namespace

const std::vector<Verb>& quote_verbs() {
    static const std::vector<Verb> verbs = {
        {"measure verify",
         "--quote FILE --signature FILE --public FILE --nonce HEX --log FILE",
         "check a TPM's quote against an event log",
         "FILEs are those of `tpm2_quote -m` and `-s`; --public is PEM or TPM2B_PUBLIC (`tpm2_createak -u`). The "
         "signature must be that key's, the nonce the one that was asked for, and the log must lead to the PCRs that "
         "were signed. --values makes it name the PCR when the log does not; --expected (an event list or a log) makes "
         "it name the event that differs from what was expected. What a log says about an event besides its digest is "
         "not signed. The exit status is 0 when all holds, 1 when not.",
         {{0, "quote", "FILE", "what the TPM signed (TPMS_ATTEST)"},
          {0, "signature", "FILE", "the signature (TPMT_SIGNATURE)"},
          {0, "public", "FILE", "the attestation key's public half"},
          {0, "nonce", "HEX", "the nonce that was asked for"},
          {0, "log", "FILE", "the machine's event log, or a list"},
          {0, "pcrs", "LIST", "the PCRs that must be covered, as sha256:0,1,2"},
          {0, "values", "FILE", "the PCRs as `tpm2_quote -F values -o` wrote them"},
          {0, "expected", "FILE", "the event list that the machine was meant to make"},
          json_option},
         0,
         0,
         verify},
        {"measure policy",
         "--pcrs LIST --from FILE [--or FILE...]",
         "compute the policy digest that a secret is sealed with",
         "FILE is a log, an event list of `measure predict --json`, or PCR values as `tpm2_pcrread -o` writes them. "
         "The digest is that of `tpm2_policypcr`, and with --or (up to seven times) that of `tpm2_policyor` over the "
         "states in their order.",
         {{0, "pcrs", "LIST", "as sha256:8,9 or sha1:4+sha256:7"},
          {0, "from", "FILE", "the state of the PCRs"},
          {0, "or", "FILE", "another state that shall do as well"},
          {0, "algorithm", "NAME", "the policy's hash (sha256)", "sha1 sha256 sha384 sha512"},
          {'o', "output", "FILE", "write the digest's bytes"},
          json_option},
         0,
         0,
         policy},
    };
    return verbs;
}

} // namespace bulkhead::cli
