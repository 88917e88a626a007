#include "measure/lcp.hpp"

#include "measure/byte_reader.hpp"

namespace bulkhead::measure {

Result<LcpPolicy> parse_lcp_policy(std::string_view bytes) {
    ByteReader reader(bytes);
    LcpPolicy policy;
    policy.version = TRY(reader.u16("version"));
    const unsigned major = policy.version >> 8;
    if (major != 2 && major != 3)
        return ByteReader::error(0, "a launch control policy of version " + std::to_string(major) + "." +
                                        std::to_string(policy.version & 0xff) + ": 2.x and 3.x are known");
    const std::size_t algorithm_at = reader.offset();
    std::uint32_t algorithm = 0;
    if (major == 3) {
        algorithm = TRY(reader.u16("hash algorithm"));
    } else if (TRY(reader.u8("hash algorithm")) == 0) { // LCP_POLHALG_SHA1
        algorithm = static_cast<std::uint32_t>(Bank::sha1);
    }
    const auto bank = bank_of(algorithm);
    if (!bank) return ByteReader::error(algorithm_at, "the policy's hash algorithm is unknown");
    policy.hash_algorithm = *bank;
    const std::size_t type_at = reader.offset();
    const std::uint8_t type = TRY(reader.u8("policy type"));
    if (type > 1) return ByteReader::error(type_at, "policy type " + std::to_string(type) + ": 0 (list) or 1 (any)");
    policy.type = static_cast<LcpPolicy::Type>(type);
    policy.sinit_min_version = TRY(reader.u8("SINITMinVersion"));
    if (major == 2) TRY(reader.u8("reserved"));
    for (std::uint16_t& counter : policy.revocation_counters) counter = TRY(reader.u16("revocation counter"));
    policy.control = TRY(reader.u32("policy control"));
    policy.max_sinit_min_version = TRY(reader.u8("MaxSinitMinVersion"));
    TRY(reader.u8("MaxBiosAcMinVersion"));
    policy.hash_mask = TRY(reader.u16("hash algorithm mask"));
    policy.signature_mask = TRY(reader.u32("signature algorithm mask"));
    if (major == 3) TRY(reader.u32("reserved"));
    policy.policy_hash = TRY(reader.take(digest_size(*bank), "policy hash"));
    if (!reader.empty())
        return ByteReader::error(reader.offset(), std::to_string(reader.rest().size()) +
                                                      " bytes behind the policy; is this a policy data file?");
    return policy;
}

} // namespace bulkhead::measure
