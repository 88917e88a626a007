// PCR 17, 18 and 19 after a launch by Intel TXT and tboot, from files and a platform profile. Pure.
// Source: Intel TXT Software Development Guide (315168), 1.10 and appendix C; tboot's txt.c and policy.c;
// docs/measure.md says which formulas were checked against hosts.
#pragma once

#include "base/result.hpp"
#include "measure/acm.hpp"
#include "measure/event_list.hpp"
#include "measure/platform_profile.hpp"
#include "measure/tboot_policy.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::measure {

struct TbootVersion {
    unsigned major = 0, minor = 0, patch = 0;
    auto operator<=>(const TbootVersion&) const = default;
};
std::optional<TbootVersion> parse_tboot_version(std::string_view text); // "1.10.5"

// OsSinitData.Capabilities as tboot sets them. `details_authorities`: tboot's pcr_map=da; `legacy_log`: its
// force_tpm2_legacy_log=true.
std::uint32_t launch_capabilities(TbootVersion tboot, TpmVersion tpm, std::uint32_t acm_capabilities,
                                  bool details_authorities, bool legacy_log);

// tboot's extpol=: a fixed bank (the default), or every bank.
enum class ExtendPolicy { fixed, embedded, agile };

struct TbootModule {
    std::string command_line; // behind the file's name
    Digests image;            // of the bytes that GRUB leaves in memory: gunzipped unless --nounzip
    std::string source;
};

// What a launch takes from a SINIT module.
struct AcmMeasurement {
    std::string sha1;       // acm_hash()
    std::string sha256;     // acm_hash()
    std::string key_sha256; // acm_key_hash()
    std::uint32_t capabilities = 0;
};
Result<AcmMeasurement> measure_acm(std::string_view bytes);

struct TxtLaunch {
    AcmMeasurement acm;
    TbootVersion tboot;
    Digests mle;
    TbootPolicy policy;
    std::vector<TbootModule> modules;         // without SINIT modules and policy data, which tboot takes out first
    std::vector<Bank> banks = {Bank::sha256}; // active in the TPM; SHA-1 alone on TPM 1.2
    ExtendPolicy extend_policy = ExtendPolicy::fixed;
    Bank current = Bank::sha256; // tboot's own algorithm; SHA-1 on TPM 1.2
    bool details_authorities = false;
    bool legacy_log = false;
};

// Covers PCR 17, 18 and 19 (TPM 1.2 with the details and authorities mapping is refused: no host's log to check it
// against is known).
Result<EventList> predict_txt(const PlatformProfile& profile, const TxtLaunch& launch);

} // namespace bulkhead::measure
