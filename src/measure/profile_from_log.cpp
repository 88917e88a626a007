#include "measure/profile_from_log.hpp"

#include "measure/byte_reader.hpp"
#include "measure/txt_log.hpp"

#include <algorithm>
#include <map>

namespace bulkhead::measure {
namespace {

constexpr std::size_t combined_size = 76; // what COMBINED_HASH hashes, up to SinitMleData version 7
constexpr std::size_t combined_size8 = 80;
constexpr std::uint32_t largest_tried = 0xffff; // numbers that are looked for when the log has only their digest

bool is_hash_of(const Event& event, std::string_view data) {
    return !event.digests.empty() && std::all_of(event.digests.begin(), event.digests.end(), [&](const auto& each) {
        return hash(each.first, data) == each.second;
    });
}

std::string where(const EventList& log, const Event& event) {
    return "event " + std::to_string(&event - log.events.data()) + " (" + event_type_name(event.type) + ")";
}

class Extraction {
public:
    explicit Extraction(const EventList& log) : log_(log) {}

    Result<ProfileFromLog> run() {
        const auto is_txt = [](const Event& event) {
            return event.type >= event_type::txt_hash_start && event.type < event_type::tboot;
        };
        if (std::none_of(log_.events.begin(), log_.events.end(), is_txt))
            return fail("the log holds no launch by Intel TXT: none of its events is SINIT's");
        find_tpm();
        if (found_.profile.tpm == TpmVersion::tpm12) {
            TRY(combined());
        } else {
            TRY(details());
        }
        for (const std::string& name : missing_facts(found_.profile, needed_facts(found_.profile)))
            found_.missing.push_back({name, why_.contains(name) ? why_.at(name) : "the log does not tell"});
        warn();
        return std::move(found_);
    }

private:
    [[nodiscard]] const Event* first(std::uint32_t type) const {
        const auto found = std::find_if(log_.events.begin(), log_.events.end(),
                                        [type](const Event& event) { return event.type == type; });
        return found == log_.events.end() ? nullptr : &*found;
    }

    // Only a TPM 1.2 has COMBINED_HASH; only a TPM 2.0 other banks than SHA-1. Details and authorities in SHA-1 alone
    // can be either.
    void find_tpm() {
        if (first(event_type::txt_combined_hash) != nullptr) {
            found_.profile.tpm = TpmVersion::tpm12;
        } else if (log_.banks.size() > 1 || (log_.banks.size() == 1 && log_.banks.front() != Bank::sha1)) {
            found_.profile.tpm = TpmVersion::tpm20;
        } else {
            why_["tpm"] = "details and authorities in a log of SHA-1 alone: of a TPM 1.2 or of a 2.0";
        }
    }

    // The data behind the events of the type, which must all have the same digests.
    Result<std::optional<std::string>> agreed(const char* fact, std::uint32_t type, bool number) {
        std::optional<std::string> value;
        const Event* of = nullptr;
        for (const Event& event : log_.events) {
            if (event.type != type) continue;
            if (of != nullptr && event.digests != of->digests)
                return fail(where(log_, event) + " and " + where(log_, *of) + " hash different data: not one launch?");
            of = &event;
            const bool fits = number ? event.data.size() == 4 : !event.data.empty();
            if (!value && fits && is_hash_of(event, event.data)) value = event.data;
        }
        if (of == nullptr) {
            why_.emplace(fact, "the log has no " + event_type_name(type) + " event");
        } else if (!value) {
            value = number ? number_behind(*of) : nothing_behind(*of);
            if (!value) why_.emplace(fact, where(log_, *of) + " has a digest, but not the data that was hashed");
        }
        return value;
    }

    // One zero byte stands for "there is none".
    static std::optional<std::string> nothing_behind(const Event& event) {
        const std::string nothing(1, '\0');
        return is_hash_of(event, nothing) ? std::optional(nothing) : std::nullopt;
    }
    // Tens of thousands of hashes: once per fact.
    static std::optional<std::string> number_behind(const Event& event) {
        for (std::uint32_t value = 0; value <= largest_tried; ++value) {
            std::string bytes;
            put_u32(bytes, value);
            if (is_hash_of(event, bytes)) return bytes;
        }
        return std::nullopt;
    }

    Status details() {
        PlatformProfile& profile = found_.profile;
        const auto number = [&](const char* fact, std::uint32_t type) -> Result<std::optional<std::uint32_t>> {
            const auto bytes = TRY(agreed(fact, type, true));
            if (!bytes) return std::optional<std::uint32_t>{};
            return std::optional<std::uint32_t>{u32_at(*bytes, 0)};
        };
        profile.cpu_scrtm_status = TRY(number("cpu_scrtm_status", event_type::txt_cpu_scrtm_stat));
        profile.policy_control = TRY(number("policy_control", event_type::txt_lcp_control_hash));
        profile.biosac_reg_data = TRY(agreed("biosac_reg_data", event_type::txt_biosac_reg_data, false));
        if (profile.biosac_reg_data && profile.biosac_reg_data->size() != 32)
            return fail(where(log_, *first(event_type::txt_biosac_reg_data)) + " has " +
                        std::to_string(profile.biosac_reg_data->size()) + " bytes of data: 32 are known");
        profile.lcp_details = TRY(agreed("lcp_details", event_type::txt_lcp_details_hash, false));
        profile.lcp_authorities = TRY(agreed("lcp_authorities", event_type::txt_lcp_authorities_hash, false));
        profile.stm = TRY(agreed("stm", event_type::txt_stm_hash, false));
        profile.nv_info = TRY(agreed("nv_info", event_type::txt_nv_info_hash, false));
        return {};
    }

    // Intel TXT guide, C.4: the concatenation that COMBINED_HASH hashes. 76 bytes in versions 6 and 7, which differ in
    // the hash of the SINIT module: SHA-1 or SHA-256.
    Status combined() {
        const char* const names[] = {"sinit_mle_data_version", "bios_acm_id",     "mseg_valid",      "stm_hash",
                                     "policy_control",         "lcp_policy_hash", "cpu_scrtm_status"};
        PlatformProfile& profile = found_.profile;
        const Event& event = *first(event_type::txt_combined_hash);
        for (const Event& other : log_.events) {
            if (other.type == event.type && other.digests != event.digests)
                return fail(where(log_, other) + " and " + where(log_, event) + " differ: not one launch?");
        }
        if (!is_hash_of(event, event.data) ||
            (event.data.size() != combined_size && event.data.size() != combined_size8)) {
            for (const char* name : names)
                why_[name] = where(log_, event) + " has a digest, but not the data that was hashed";
            return {};
        }
        ByteReader reader(event.data);
        profile.bios_acm_id = TRY(reader.take(20, "BiosAcmId"));
        profile.mseg_valid = TRY(reader.take(8, "MsegValid"));
        profile.stm_hash = TRY(reader.take(20, "StmHash"));
        profile.policy_control = TRY(reader.u32("PolicyControl"));
        profile.lcp_policy_hash = TRY(reader.take(20, "LcpPolicyHash"));
        TRY(reader.u32("capabilities"));
        if (event.data.size() == combined_size8) {
            profile.cpu_scrtm_status = TRY(reader.u32("ProcessorSCRTMStatus"));
            profile.sinit_mle_data_version = 8;
            return {};
        }
        why_["cpu_scrtm_status"] = "only SinitMleData of version 8 has one";
        const Event* start = first(event_type::txt_hash_start);
        const bool certain = start != nullptr && start->digests.contains(Bank::sha1) &&
                             hash_start_effect(Bank::sha1, start->digests.at(Bank::sha1), start->data).certain;
        if (certain && start->data.size() == digest_size(Bank::sha1) + 4) profile.sinit_mle_data_version = 6;
        if (certain && start->data.size() == digest_size(Bank::sha256) + 4) profile.sinit_mle_data_version = 7;
        why_["sinit_mle_data_version"] =
            "76 bytes were hashed, so it is 6 or 7; the data of TXT_HASH_START, which would "
            "tell, are not in the log";
        return {};
    }

    void warn() {
        constexpr std::uint32_t unmodelled[] = {event_type::txt_km_hash, event_type::txt_bpm_hash,
                                                event_type::txt_boot_policy_hash};
        for (const std::uint32_t type : unmodelled) {
            if (const Event* event = first(type))
                found_.warnings.push_back(where(log_, *event) +
                                          ": Boot Guard's measurements are not modelled; PCR 17 will differ");
        }
        const Event* start = first(event_type::txt_hash_start);
        if (start == nullptr || start->data.size() < 4) return;
        const std::uint32_t edx = u32_at(start->data, start->data.size() - 4);
        const bool known_size = start->data.size() == 24 || start->data.size() == 36;
        if (!known_size || edx != 0)
            found_.warnings.push_back(where(log_, *start) +
                                      ": not a module's hash and flags of zero, as tboot launches; PCR 17 will differ");
    }

    const EventList& log_;
    ProfileFromLog found_;
    std::map<std::string, std::string, std::less<>> why_;
};

} // namespace

Result<ProfileFromLog> profile_from_log(const EventList& log) {
    return Extraction(log).run();
}

} // namespace bulkhead::measure
