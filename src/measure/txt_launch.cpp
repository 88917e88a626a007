#include "measure/txt_launch.hpp"

#include "measure/byte_reader.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>

namespace bulkhead::measure {
namespace {

Status require(const PlatformProfile& profile) {
    const std::vector<std::string> missing = missing_facts(profile, needed_facts(profile));
    if (!missing.empty()) return fail("the platform profile lacks " + join(missing, ", "));
    return {};
}

std::string u32_bytes(std::uint32_t value) {
    std::string bytes;
    put_u32(bytes, value);
    return bytes;
}

class Launch {
public:
    Launch(const PlatformProfile& profile, const TxtLaunch& launch)
        : profile_(profile), launch_(launch),
          capabilities_(launch_capabilities(launch.tboot, *profile.tpm, launch.acm.capabilities,
                                            launch.details_authorities, launch.legacy_log)) {
        list_.banks = launch.banks;
        list_.dynamic_launch = true;
        list_.covers = {17, 18, 19};
    }

    Result<EventList> legacy() {
        TRY(require(profile_));
        const std::uint32_t version = *profile_.sinit_mle_data_version;
        if (version < 6 || version > 8)
            return fail("SinitMleData of version " + std::to_string(version) + ": 6 to 8 are known");
        if ((capabilities_ & acm_capability::details_authorities_pcr_map) != 0)
            return fail("this SINIT and this tboot choose the details and authorities mapping on a TPM 1.2, which is "
                        "not modelled");
        const std::string& acm = version == 6 ? launch_.acm.sha1 : launch_.acm.sha256;
        data(17, event_type::txt_hash_start, acm + u32_bytes(0), "SINIT module");
        std::string combined = *profile_.bios_acm_id + *profile_.mseg_valid + *profile_.stm_hash +
                               u32_bytes(*profile_.policy_control) + *profile_.lcp_policy_hash +
                               u32_bytes((*profile_.policy_control & 4) != 0 ? capabilities_ : 0);
        if (version == 8) combined += u32_bytes(*profile_.cpu_scrtm_status);
        data(17, event_type::txt_combined_hash, combined, "platform profile");
        digests(18, event_type::txt_mle_hash, launch_.mle, "MLE");
        TRY(tboot(18));
        return std::move(list_);
    }

    Result<EventList> details_authorities() {
        TRY(require(profile_));
        const std::string scrtm = u32_bytes(*profile_.cpu_scrtm_status);
        const std::string control = u32_bytes(*profile_.policy_control);
        const std::string capabilities = u32_bytes(capabilities_);
        const std::string profile = "platform profile";
        data(17, event_type::txt_hash_start, launch_.acm.sha256 + u32_bytes(0), "SINIT module");
        data(17, event_type::txt_biosac_reg_data, *profile_.biosac_reg_data, profile);
        data(17, event_type::txt_cpu_scrtm_stat, scrtm, profile);
        data(17, event_type::txt_lcp_control_hash, control, profile);
        data(17, event_type::txt_lcp_details_hash, *profile_.lcp_details, profile);
        data(17, event_type::txt_stm_hash, *profile_.stm, profile);
        data(17, event_type::txt_ossinitdata_cap_hash, capabilities, "SINIT module and tboot's version");
        digests(17, event_type::txt_mle_hash, launch_.mle, "MLE");
        data(17, event_type::txt_nv_info_hash, *profile_.nv_info, profile);
        data(18, event_type::txt_sinit_pubkey_hash, launch_.acm.key_sha256, "SINIT module's key");
        data(18, event_type::txt_cpu_scrtm_stat, scrtm, profile);
        data(18, event_type::txt_ossinitdata_cap_hash, capabilities, "SINIT module and tboot's version");
        data(18, event_type::txt_lcp_control_hash, control, profile);
        data(18, event_type::txt_lcp_authorities_hash, *profile_.lcp_authorities, profile);
        data(18, event_type::txt_nv_info_hash, *profile_.nv_info, profile);
        TRY(tboot(17));
        return std::move(list_);
    }

private:
    void digests(std::uint32_t pcr, std::uint32_t type, Digests digests, std::string source, std::string bytes = {}) {
        Event event;
        event.pcr = pcr;
        event.type = type;
        event.digests = std::move(digests);
        event.source = std::move(source);
        event.data = std::move(bytes);
        list_.events.push_back(std::move(event));
    }
    void data(std::uint32_t pcr, std::uint32_t type, const std::string& bytes, std::string source) {
        digests(pcr, type, hash(launch_.banks, bytes), std::move(source), bytes);
    }

    // The policy, module 0, then the modules that the policy sends somewhere (policy.c, verify_all_modules()).
    Status tboot(std::uint32_t pcr_of_module0) {
        const std::vector<Bank> banks =
            launch_.extend_policy == ExtendPolicy::fixed ? std::vector<Bank>{launch_.current} : launch_.banks;
        Digests policy;
        for (const Bank bank : banks) policy[bank] = tboot_policy_digest(bank, launch_.current, launch_.policy);
        digests(17, event_type::tboot, policy, "tboot's policy");
        if (profile_.tpm == TpmVersion::tpm20) digests(18, event_type::tboot, policy, "tboot's policy");
        for (std::size_t i = 0; i < launch_.modules.size(); ++i) {
            const TbootModule& module = launch_.modules[i];
            Digests values;
            for (const Bank bank : banks)
                values[bank] = tboot_module_digest(bank, module.command_line, module.image.at(bank));
            const std::string source = "module " + std::to_string(i) + ": " + module.source;
            if (i == 0) digests(pcr_of_module0, event_type::tboot, values, source);
            const TbootPolicyEntry* entry = launch_.policy.find(i);
            if (entry == nullptr || entry->pcr == TbootPolicyEntry::no_pcr) continue;
            if (entry->pcr < 17 || entry->pcr > 22)
                return fail("tboot's policy sends module " + std::to_string(i) + " to PCR " +
                            std::to_string(entry->pcr) + ": only 17 to 22 follow a launch");
            list_.covers.insert(entry->pcr);
            digests(entry->pcr, event_type::tboot, values, source);
        }
        return {};
    }

    const PlatformProfile& profile_;
    const TxtLaunch& launch_;
    EventList list_;
    std::uint32_t capabilities_ = 0;
};

} // namespace

std::optional<TbootVersion> parse_tboot_version(std::string_view text) {
    const auto parts = split(text, '.');
    if (parts.size() != 3) return std::nullopt;
    std::array<unsigned, 3> numbers{};
    for (std::size_t i = 0; i < 3; ++i) {
        const auto number = parse_unsigned(parts[i], 1000);
        if (!number) return std::nullopt;
        numbers[i] = static_cast<unsigned>(*number);
    }
    return TbootVersion{numbers[0], numbers[1], numbers[2]};
}

// tboot/txt/txt.c, init_os_sinit_data(); the MLE header's capabilities changed in 1.9.6 and 1.10.1, the mask in 1.9.7.
std::uint32_t launch_capabilities(TbootVersion tboot, TpmVersion tpm, std::uint32_t acm, bool details_authorities,
                                  bool legacy_log) {
    using namespace acm_capability;
    constexpr std::uint32_t ecx_page_table = 1U << 2;
    const bool tpm20 = tpm == TpmVersion::tpm20;
    const std::uint32_t mle = tboot <= TbootVersion{1, 9, 5} ? 0x27 : tboot < TbootVersion{1, 10, 1} ? 0x227 : 0x627;
    std::uint32_t value = mle & ~(tboot <= TbootVersion{1, 9, 6} ? 0x23U : 0x223U);
    if ((acm & rlp_wake_monitor) != 0)
        value |= rlp_wake_monitor;
    else if ((acm & rlp_wake_getsec) != 0)
        value |= rlp_wake_getsec;
    if (tpm20 && (acm & tcg_event_log) != 0 && !legacy_log) value |= tcg_event_log;
    value &= ~ecx_page_table;
    if (tpm20) return value & ~(no_legacy_pcr_map | details_authorities_pcr_map);
    value |= no_legacy_pcr_map;
    const bool acm_da = (acm & details_authorities_pcr_map) != 0;
    const bool wanted = details_authorities || (tboot >= TbootVersion{1, 10, 2} && (acm & cbnt) != 0);
    const bool legacy = (acm & no_legacy_pcr_map) == 0;
    if (acm_da && (wanted || !legacy)) return value | details_authorities_pcr_map;
    return legacy ? value & ~no_legacy_pcr_map : value;
}

Result<AcmMeasurement> measure_acm(std::string_view bytes) {
    const Acm acm = TRY(parse_acm(bytes));
    if (!acm.info) return fail("the module has no information table: its capabilities are not known");
    return AcmMeasurement{acm_hash(Bank::sha1, acm, bytes), acm_hash(Bank::sha256, acm, bytes), acm_key_hash(acm),
                          acm.info->capabilities};
}

Result<EventList> predict_txt(const PlatformProfile& profile, const TxtLaunch& launch) {
    if (!profile.tpm) return fail("the platform profile lacks tpm");
    // Numbers from 129 on have a meaning of their own in tboot's policy; no boot loader comes near.
    if (launch.modules.empty() || launch.modules.size() > 128)
        return fail("tboot needs 1 to 128 modules, not " + std::to_string(launch.modules.size()));
    if (std::find(launch.banks.begin(), launch.banks.end(), launch.current) == launch.banks.end())
        return fail("tboot's algorithm " + std::string(bank_name(launch.current)) + " is none of the banks");
    if (profile.tpm == TpmVersion::tpm12 && launch.banks != std::vector<Bank>{Bank::sha1})
        return fail("a TPM 1.2 has SHA-1 only");
    Launch machine(profile, launch);
    return profile.tpm == TpmVersion::tpm12 ? machine.legacy() : machine.details_authorities();
}

} // namespace bulkhead::measure
