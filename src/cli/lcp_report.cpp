#include "cli/lcp_report.hpp"

#include "base/text.hpp"

namespace bulkhead::cli {
namespace {

using nlohmann::ordered_json;

ordered_json element_report(const measure::LcpElement& element) {
    ordered_json row = {{"type", measure::lcp_element_name(element.type)}, {"control", element.control}};
    if (element.hash_algorithm) {
        const auto bank = measure::bank_of(*element.hash_algorithm);
        row["hash_algorithm"] = bank ? ordered_json(measure::bank_name(*bank)) : ordered_json(*element.hash_algorithm);
    }
    if (element.sinit_min_version != 0) row["sinit_min_version"] = element.sinit_min_version;
    if (!element.fallback_hash.empty()) row["fallback_hash"] = to_hex(element.fallback_hash);
    for (const std::string& selection : element.selections) row["pcr_selections"].push_back(to_hex(selection));
    for (const std::string& hash : element.hashes) row["hashes"].push_back(to_hex(hash));
    if (!element.uuid.empty()) row["uuid"] = to_hex(element.uuid);
    if (!element.data.empty()) row["data"] = to_hex(element.data);
    return row;
}

} // namespace

ordered_json lcp_data_report(const measure::LcpData& data) {
    ordered_json report = {{"kind", "launch control policy data"}};
    report["lists"] = ordered_json::array();
    for (const measure::LcpList& list : data.lists) {
        ordered_json row = {{"version", std::to_string(list.version >> 8) + "." + std::to_string(list.version & 0xff)},
                            {"size", list.bytes.size()}};
        if (list.signature) {
            row["signed"] = {{"algorithm", list.signature->algorithm},
                             {"key_bits", list.signature->key_bits},
                             {"revocation_counter", list.signature->revocation_counter}};
        }
        row["elements"] = ordered_json::array();
        for (const measure::LcpElement& element : list.elements) row["elements"].push_back(element_report(element));
        report["lists"].push_back(std::move(row));
    }
    for (const measure::Bank bank : {measure::Bank::sha1, measure::Bank::sha256, measure::Bank::sha384}) {
        const auto hash = measure::lcp_policy_hash(data, bank);
        report["policy_hash_" + std::string(measure::bank_name(bank))] =
            hash ? ordered_json(to_hex(*hash)) : ordered_json(nullptr);
    }
    return report;
}

} // namespace bulkhead::cli
