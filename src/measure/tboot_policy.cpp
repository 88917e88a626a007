#include "measure/tboot_policy.hpp"

#include "measure/byte_reader.hpp"

#include <algorithm>

namespace bulkhead::measure {
namespace {

constexpr unsigned most_entries = 255;
constexpr std::uint32_t nv_entry_index = 0x40000010;

std::size_t hash_size(std::uint8_t algorithm) {
    const auto bank = bank_of(algorithm == 0 ? static_cast<std::uint32_t>(Bank::sha1) : algorithm);
    return bank ? digest_size(*bank) : 0;
}

} // namespace

const TbootPolicyEntry* TbootPolicy::find(std::size_t module) const {
    for (const TbootPolicyEntry& entry : entries) {
        if (entry.module == module || entry.module == TbootPolicyEntry::any_module) return &entry;
    }
    return nullptr;
}

Result<TbootPolicy> parse_tboot_policy(std::string_view bytes) {
    ByteReader reader(bytes);
    TbootPolicy policy;
    policy.version = TRY(reader.u8("version"));
    if (policy.version != 2)
        return ByteReader::error(0, "a tboot policy of version " + std::to_string(policy.version) + ": 2 is known");
    policy.type = TRY(reader.u8("policy type"));
    if (policy.type > 2) return ByteReader::error(1, "policy type " + std::to_string(policy.type) + ": 0 to 2 exist");
    policy.hash_algorithm = TRY(reader.u8("hash algorithm"));
    const std::size_t size = hash_size(policy.hash_algorithm);
    if (size == 0)
        return ByteReader::error(2, "hash algorithm " + std::to_string(policy.hash_algorithm) + " is unknown");
    policy.control = TRY(reader.u32("policy control"));
    TRY(reader.u32("reserved"));
    const std::uint8_t count = TRY(reader.u8("number of entries"));
    for (unsigned i = 0; i < count; ++i) {
        TbootPolicyEntry entry;
        entry.module = TRY(reader.u8("module number"));
        entry.pcr = TRY(reader.u8("PCR"));
        entry.hash_type = TRY(reader.u8("hash type"));
        entry.nv_index = TRY(reader.u32("NV index"));
        const std::uint8_t hashes = TRY(reader.u8("number of hashes"));
        for (unsigned j = 0; j < hashes; ++j) entry.hashes.emplace_back(TRY(reader.take(size, "hash")));
        policy.entries.push_back(std::move(entry));
    }
    if (!reader.empty())
        return ByteReader::error(reader.offset(),
                                 std::to_string(reader.rest().size()) + " bytes behind the last entry of the policy");
    return policy;
}

std::string tboot_policy_bytes(const TbootPolicy& policy) {
    std::string bytes = {static_cast<char>(policy.version), static_cast<char>(policy.type),
                         static_cast<char>(policy.hash_algorithm)};
    put_u32(bytes, policy.control);
    put_u32(bytes, 0);
    bytes.push_back(static_cast<char>(std::min<std::size_t>(policy.entries.size(), most_entries)));
    for (const TbootPolicyEntry& entry : policy.entries) {
        bytes.append(
            {static_cast<char>(entry.module), static_cast<char>(entry.pcr), static_cast<char>(entry.hash_type)});
        put_u32(bytes, entry.nv_index);
        bytes.push_back(static_cast<char>(entry.hashes.size()));
        for (const std::string& each : entry.hashes) bytes.append(each);
    }
    return bytes;
}

TbootPolicy default_tboot_policy(DefaultPolicy which) {
    const bool to_17 = which == DefaultPolicy::tpm20 || which == DefaultPolicy::tpm20_before;
    TbootPolicy policy;
    policy.hash_algorithm = which == DefaultPolicy::year2013                                        ? 0
                            : which == DefaultPolicy::tpm12 || which == DefaultPolicy::tpm20_before ? 4
                                                                                                    : 0x0b;
    policy.entries = {{0, TbootPolicyEntry::no_pcr, 0, 0, {}},
                      {TbootPolicyEntry::any_module, static_cast<std::uint8_t>(to_17 ? 17 : 19), 0, 0, {}}};
    if (which != DefaultPolicy::year2013) policy.entries.push_back({131, 22, 0, nv_entry_index, {}});
    return policy;
}

std::string tboot_policy_digest(Bank bank, Bank current, const TbootPolicy& policy) {
    std::string text;
    put_u32(text, policy.control);
    text +=
        (policy.control & 1) != 0 ? hash(current, tboot_policy_bytes(policy)) : std::string(digest_size(current), '\0');
    return hash(bank, text);
}

std::string tboot_module_digest(Bank bank, std::string_view command_line, std::string_view image_digest) {
    return extend(bank, hash(bank, command_line), image_digest);
}

std::string without_first_word(std::string_view command_line) {
    const auto skip = [&](bool blanks) {
        while (!command_line.empty() && (command_line.front() == ' ') == blanks) command_line.remove_prefix(1);
    };
    skip(true);
    skip(false);
    skip(true);
    return std::string(command_line);
}

} // namespace bulkhead::measure
