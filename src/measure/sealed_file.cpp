#include "measure/sealed_file.hpp"

#include "base/json.hpp"
#include "base/text.hpp"
#include "measure/diff.hpp"
#include "measure/event_list_json.hpp"
#include "measure/tpm_policy.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace bulkhead::measure {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::string_view sealed_format = "bulkhead sealed secret";
constexpr std::string_view key_format = "bulkhead attestation key";
constexpr std::size_t blob_limit = 4096;   // bytes of either half
constexpr std::size_t name_limit = 4096;   // bytes of a state's name
constexpr Bank policy_hash = Bank::sha256; // of our objects' names and sessions

Result<std::string> sealed_text(const json& object, const char* key, std::size_t limit) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_string()) return fail(std::string("'") + key + "' is missing or no text");
    auto text = found->get<std::string>();
    if (text.size() > limit) return fail(std::string("'") + key + "' is too long");
    return text;
}

Result<std::string> sealed_bytes(const json& object, const char* key) {
    auto bytes = from_hex(TRY(sealed_text(object, key, 2 * blob_limit)));
    if (!bytes || bytes->empty()) return fail(std::string("'") + key + "' is not hexadecimal");
    return *bytes;
}

ordered_json blob_json(std::string_view format, const TpmBlob& blob) {
    return {{"format", format},
            {"version", 1},
            {"parent", parent_template_name(blob.parent)},
            {"parent_name", to_hex(blob.parent_name)},
            {"public", to_hex(blob.public_area)},
            {"private", to_hex(blob.private_area)}};
}

Result<TpmBlob> read_blob(const json& root, std::string_view format) {
    const auto version = root.find("version");
    if (TRY(sealed_text(root, "format", 100)) != format || version == root.end() || *version != 1)
        return fail("'format' is not \"" + std::string(format) + "\" or 'version' not 1");
    TpmBlob blob;
    const std::string parent = TRY(sealed_text(root, "parent", 100));
    const auto form = parse_parent_template(parent);
    if (!form) return fail("'parent' is '" + printable(parent, 40) + "', neither ecc-p256 nor rsa2048");
    blob.parent = *form;
    blob.parent_name = TRY(sealed_bytes(root, "parent_name"));
    blob.public_area = TRY(sealed_bytes(root, "public"));
    blob.private_area = TRY(sealed_bytes(root, "private"));
    return blob;
}

ordered_json values_json(const PcrValues& values) {
    ordered_json root = ordered_json::object();
    for (const auto& [bank, pcrs] : values) {
        for (const auto& [pcr, value] : pcrs) root[std::string(bank_name(bank))][std::to_string(pcr)] = to_hex(value);
    }
    return root;
}

// Exactly the selected ones.
Result<PcrValues> read_values(const json& root, const PcrSelection& selection) {
    PcrValues values;
    for (const auto& [bank, pcrs] : selection) {
        const auto row = root.find(std::string(bank_name(bank)));
        for (const std::uint32_t pcr : pcrs) {
            const std::string key = std::to_string(pcr);
            if (row == root.end() || !row->is_object() || !row->contains(key) || !(*row)[key].is_string())
                return fail("it has no value of " + std::string(bank_name(bank)) + " PCR " + key);
            const auto value = from_hex((*row)[key].get<std::string>());
            if (!value || value->size() != digest_size(bank)) return fail("PCR " + key + " is no digest of its bank");
            values[bank][pcr] = *value;
        }
    }
    return values;
}

Result<SealedState> read_state(const json& root, const PcrSelection& selection) {
    if (!root.is_object()) return fail("not an object");
    SealedState state;
    state.name = TRY(sealed_text(root, "name", name_limit));
    const auto values = root.find("pcrs");
    if (values == root.end() || !values->is_object()) return fail("'pcrs' is missing or no object");
    state.values = TRY(read_values(*values, selection));
    if (const auto list = root.find("list"); list != root.end()) state.list = TRY(parse_event_list_json(list->dump()));
    return state;
}

struct WrongPcr {
    Bank bank;
    std::uint32_t pcr;
};

std::vector<WrongPcr> wrong_pcrs(const PcrSelection& selection, const PcrValues& a, const PcrValues& b) {
    std::vector<WrongPcr> wrong;
    for (const auto& [bank, pcrs] : selection) {
        for (const std::uint32_t pcr : pcrs) {
            if (a.at(bank).at(pcr) != b.at(bank).at(pcr)) wrong.push_back({bank, pcr});
        }
    }
    return wrong;
}

// `log` leads to `present`, or is nullptr.
std::string explain_state(const SealedFile& file, const SealedState& state, const PcrValues& present,
                          const EventList* log) {
    std::vector<std::string> reasons;
    std::set<std::uint32_t> told;
    const std::vector<WrongPcr> wrong = wrong_pcrs(file.selection, present, state.values);
    std::set<std::uint32_t> numbers;
    for (const WrongPcr& each : wrong) numbers.insert(each.pcr);
    if (log != nullptr && state.list) {
        if (const auto comparison = compare(*log, *state.list, "this boot", "'" + state.name + "'", numbers)) {
            for (const Difference& difference : comparison->differences) {
                reasons.push_back(to_text(difference));
                told.insert(difference.pcr);
            }
        }
    }
    for (const auto& [bank, pcr] : wrong) {
        if (told.contains(pcr)) continue;
        reasons.push_back("PCR " + std::to_string(pcr) + " differs; " + std::string(bank_name(bank)) + " " +
                          to_hex(present.at(bank).at(pcr)) + " in this boot, " + to_hex(state.values.at(bank).at(pcr)) +
                          " in '" + state.name + "'");
    }
    return join(reasons, "; ");
}

} // namespace

std::string_view parent_template_name(ParentTemplate form) {
    return form == ParentTemplate::ecc_p256 ? "ecc-p256" : "rsa2048";
}

std::optional<ParentTemplate> parse_parent_template(std::string_view name) {
    for (const ParentTemplate form : {ParentTemplate::ecc_p256, ParentTemplate::rsa2048}) {
        if (parent_template_name(form) == name) return form;
    }
    return std::nullopt;
}

Result<SealedState> state_of(std::string name, const EventList& list, const PcrSelection& selection) {
    SealedState state;
    state.name = std::move(name);
    state.values = TRY(selected_values(list, selection));
    const std::set<std::uint32_t> selected = pcrs_of(selection);
    EventList kept = list;
    kept.covers = selected;
    kept.events.clear();
    for (const Event& event : list.events) {
        // An event that does not count leaves an empty place: the numbers that people see are those of the whole list.
        if (selected.contains(event.pcr) && event.effect != Effect::none)
            kept.events.push_back(event);
        else
            kept.events.emplace_back().effect = Effect::none;
    }
    state.list = std::move(kept);
    return state;
}

std::vector<std::string> policy_branches(const SealedFile& file) {
    std::vector<std::string> branches;
    for (const SealedState& state : file.states)
        branches.push_back(policy_pcr(policy_hash, file.selection, state.values));
    return branches;
}

Result<std::string> sealed_policy(const SealedFile& file) {
    if (file.states.empty() || file.states.size() > policy_or_limit)
        return fail(std::to_string(file.states.size()) + " states to seal to: 1 to " + std::to_string(policy_or_limit));
    const std::vector<std::string> branches = policy_branches(file);
    if (branches.size() == 1) return branches[0];
    return policy_or(policy_hash, branches);
}

std::optional<std::size_t> matching_state(const SealedFile& file, const PcrValues& present) {
    for (std::size_t i = 0; i < file.states.size(); ++i) {
        if (wrong_pcrs(file.selection, present, file.states[i].values).empty()) return i;
    }
    return std::nullopt;
}

std::string explain(const SealedFile& file, const PcrValues& present, const EventList* log) {
    std::string text = file.states.size() == 1 ? "the machine is not in the state that the secret was sealed to"
                                               : "the machine is in none of the " + std::to_string(file.states.size()) +
                                                     " states that the secret was sealed to";
    const EventList* believed = log;
    if (log != nullptr) {
        const auto values = selected_values(*log, file.selection);
        if (!values || !wrong_pcrs(file.selection, *values, present).empty()) {
            believed = nullptr;
            text += " (the log is not that of this boot: it does not lead to the TPM's PCRs)";
        }
    }
    for (const SealedState& state : file.states) {
        text += file.states.size() == 1 ? ": " : "\n  " + state.name + ": ";
        text += explain_state(file, state, present, believed);
    }
    return text;
}

std::string sealed_file_json(const SealedFile& file) {
    ordered_json root = blob_json(sealed_format, file.blob);
    root["pcrs"] = to_text(file.selection);
    root["states"] = ordered_json::array();
    for (const SealedState& state : file.states) {
        ordered_json row = {{"name", state.name}, {"pcrs", values_json(state.values)}};
        if (state.list) row["list"] = ordered_json::parse(event_list_json(*state.list));
        root["states"].push_back(std::move(row));
    }
    return root.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<SealedFile> parse_sealed_file(std::string_view text) {
    json root;
    TRY(parse_json_object(text, sealed_file_limit, root));
    SealedFile file;
    file.blob = TRY(read_blob(root, sealed_format));
    file.selection = TRY(parse_pcr_selection(TRY(sealed_text(root, "pcrs", 1000))));
    const auto states = root.find("states");
    if (states == root.end() || !states->is_array() || states->empty() || states->size() > policy_or_limit)
        return fail("'states' is missing or no list of 1 to " + std::to_string(policy_or_limit));
    for (const json& state : *states)
        file.states.push_back(
            TRY(context(read_state(state, file.selection), "state " + std::to_string(file.states.size()))));
    return file;
}

std::string key_file_json(const TpmBlob& key) {
    return blob_json(key_format, key).dump(1) + "\n";
}

Result<TpmBlob> parse_key_file(std::string_view text) {
    json root;
    TRY(parse_json_object(text, 64 << 10, root));
    return read_blob(root, key_format);
}

} // namespace bulkhead::measure
