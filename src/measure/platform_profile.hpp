// What a launch by Intel TXT measures and no file of the boot disk tells: the facts of one model of machine, as a file.
// docs/measure.md describes it. Pure.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::measure {

inline constexpr std::size_t platform_profile_limit = 64 * 1024; // bytes of a profile file

enum class TpmVersion { tpm12, tpm20 };

// What no file of the boot disk tells, as raw bytes. A fact that a launch needs and that is missing is an error which
// lists all of them.
struct PlatformProfile {
    std::optional<TpmVersion> tpm;
    std::optional<std::uint32_t> cpu_scrtm_status;
    std::optional<std::uint32_t> policy_control; // of the launch control policy; 0 without one
    // TPM 1.2
    std::optional<std::uint32_t> sinit_mle_data_version; // 6, 7 or 8
    std::optional<std::string> bios_acm_id;              // 20 bytes
    std::optional<std::string> mseg_valid;               // 8 bytes; zeros without an STM
    std::optional<std::string> stm_hash;                 // 20 bytes; zeros without an STM
    std::optional<std::string> lcp_policy_hash;          // 20 bytes; zeros without a policy
    // TPM 2.0: the data that SINIT hashes
    std::optional<std::string> biosac_reg_data; // 32 bytes
    std::optional<std::string> lcp_details;     // one zero byte when no policy list matched
    std::optional<std::string> lcp_authorities; // the same
    std::optional<std::string> stm;             // one zero byte without an STM
    std::optional<std::string> nv_info;         // the NV indices AUX, PS and PO: see docs/measure.md
};

// JSON with the names above; bytes in hexadecimal, "tpm" as "1.2" or "2.0". An unknown key is an error.
Result<PlatformProfile> parse_platform_profile(std::string_view text);

// The same back, indented, with a line end: the facts that are there. `description` is for readers; "": none.
std::string platform_profile_json(const PlatformProfile& profile, std::string_view description = {});

// Those of the names that the profile lacks, in the order given.
std::vector<std::string> missing_facts(const PlatformProfile& profile, std::span<const std::string_view> names);

// What predict_txt() needs of a profile: the names above, "tpm" alone when even that is not there. Of SinitMleData
// whose version is not known everything is asked for.
std::vector<std::string_view> needed_facts(const PlatformProfile& profile);

} // namespace bulkhead::measure
