#include "measure/platform_profile.hpp"

#include "base/json.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace bulkhead::measure {
namespace {

using nlohmann::json;

struct NumberFact {
    const char* name;
    std::optional<std::uint32_t> PlatformProfile::*field;
};
struct BytesFact {
    const char* name;
    std::optional<std::string> PlatformProfile::*field;
    std::size_t size; // 0: any up to 4096
};
constexpr NumberFact number_facts[] = {{"cpu_scrtm_status", &PlatformProfile::cpu_scrtm_status},
                                       {"policy_control", &PlatformProfile::policy_control},
                                       {"sinit_mle_data_version", &PlatformProfile::sinit_mle_data_version}};
constexpr BytesFact bytes_facts[] = {
    {"bios_acm_id", &PlatformProfile::bios_acm_id, 20},
    {"mseg_valid", &PlatformProfile::mseg_valid, 8},
    {"stm_hash", &PlatformProfile::stm_hash, 20},
    {"lcp_policy_hash", &PlatformProfile::lcp_policy_hash, 20},
    {"biosac_reg_data", &PlatformProfile::biosac_reg_data, 32},
    {"lcp_details", &PlatformProfile::lcp_details, 0},
    {"lcp_authorities", &PlatformProfile::lcp_authorities, 0},
    {"stm", &PlatformProfile::stm, 0},
    {"nv_info", &PlatformProfile::nv_info, 0},
};

bool has(const PlatformProfile& profile, std::string_view name) {
    if (name == "tpm") return profile.tpm.has_value();
    for (const NumberFact& fact : number_facts) {
        if (name == fact.name) return (profile.*fact.field).has_value();
    }
    for (const BytesFact& fact : bytes_facts) {
        if (name == fact.name) return (profile.*fact.field).has_value();
    }
    return false;
}

} // namespace

Result<PlatformProfile> parse_platform_profile(std::string_view text) {
    json root;
    TRY(parse_json_object(text, platform_profile_limit, root));
    PlatformProfile profile;
    for (const auto& item : root.items()) {
        const std::string& key = item.key();
        const json& value = item.value();
        const auto* number = std::find_if(std::begin(number_facts), std::end(number_facts),
                                          [&](const NumberFact& fact) { return key == fact.name; });
        const auto* bytes = std::find_if(std::begin(bytes_facts), std::end(bytes_facts),
                                         [&](const BytesFact& fact) { return key == fact.name; });
        if (key == "tpm") {
            if (value != "1.2" && value != "2.0") return fail("'tpm' is \"1.2\" or \"2.0\"");
            profile.tpm = value == "1.2" ? TpmVersion::tpm12 : TpmVersion::tpm20;
        } else if (number != std::end(number_facts)) {
            if (!value.is_number_unsigned() || value.get<std::uint64_t>() > UINT32_MAX)
                return fail("'" + key + "' is a number of at most 4294967295");
            profile.*number->field = value.get<std::uint32_t>();
        } else if (bytes != std::end(bytes_facts)) {
            const auto raw = value.is_string() ? from_hex(value.get<std::string>()) : std::nullopt;
            if (!raw || raw->empty() || (bytes->size != 0 && raw->size() != bytes->size) || raw->size() > 4096)
                return fail("'" + key + "' is " +
                            (bytes->size != 0 ? std::to_string(bytes->size) : std::string("1 to 4096")) +
                            " bytes in hexadecimal");
            profile.*bytes->field = *raw;
        } else if (key != "description") {
            return fail("'" + printable(key, 60) + "' is no fact of a platform profile");
        }
    }
    return profile;
}

std::string platform_profile_json(const PlatformProfile& profile, std::string_view description) {
    nlohmann::ordered_json root = nlohmann::ordered_json::object();
    if (!description.empty()) root["description"] = description;
    if (profile.tpm) root["tpm"] = profile.tpm == TpmVersion::tpm12 ? "1.2" : "2.0";
    for (const NumberFact& fact : number_facts) {
        if (const auto& value = profile.*fact.field) root[fact.name] = *value;
    }
    for (const BytesFact& fact : bytes_facts) {
        if (const auto& value = profile.*fact.field) root[fact.name] = to_hex(*value);
    }
    return root.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::vector<std::string> missing_facts(const PlatformProfile& profile, std::span<const std::string_view> names) {
    std::vector<std::string> missing;
    for (const std::string_view name : names) {
        if (!has(profile, name)) missing.emplace_back(name);
    }
    return missing;
}

std::vector<std::string_view> needed_facts(const PlatformProfile& profile) {
    if (!profile.tpm) return {"tpm"};
    if (profile.tpm == TpmVersion::tpm20)
        return {"biosac_reg_data", "cpu_scrtm_status", "policy_control", "lcp_details", "lcp_authorities", "stm",
                "nv_info"};
    std::vector<std::string_view> names = {"sinit_mle_data_version", "bios_acm_id",    "mseg_valid", "stm_hash",
                                           "policy_control",         "lcp_policy_hash"};
    if (profile.sinit_mle_data_version.value_or(8) == 8) names.emplace_back("cpu_scrtm_status");
    return names;
}

} // namespace bulkhead::measure
