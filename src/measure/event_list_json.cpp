#include "measure/event_list_json.hpp"

#include "measure/event_log.hpp"

#include "base/json.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace bulkhead::measure {
namespace {

using nlohmann::json;

constexpr std::string_view format = "bulkhead event list";
constexpr std::string_view effects[] = {"none", "extend", "set"};

json digests_json(const Digests& digests) {
    json object = json::object();
    for (const auto& [bank, digest] : digests) object[std::string(bank_name(bank))] = to_hex(digest);
    return object;
}

Result<std::uint32_t> number(const json& object, const char* key, std::uint32_t most) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number_unsigned() || found->get<std::uint64_t>() > most)
        return fail(std::string("'") + key + "' is missing or no number of at most " + std::to_string(most));
    return found->get<std::uint32_t>();
}

Result<std::string> text(const json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end()) return std::string();
    if (!found->is_string()) return fail(std::string("'") + key + "' is no text");
    return found->get<std::string>();
}

Result<std::vector<Bank>> banks(const json& object) {
    std::vector<Bank> list;
    const auto found = object.find("banks");
    if (found == object.end() || !found->is_array()) return fail("'banks' is missing or no list");
    for (const json& name : *found) {
        const auto bank = name.is_string() ? parse_bank(name.get<std::string>()) : std::nullopt;
        if (!bank) return fail("'banks' holds " + printable(name.dump(), 40) + ", which is no bank");
        list.push_back(*bank);
    }
    return list;
}

Result<Event> read_event(const json& object, const std::vector<Bank>& banks) {
    if (!object.is_object()) return fail("not an object");
    Event event;
    const std::string effect = TRY(text(object, "effect"));
    if (effect == effects[0])
        event.effect = Effect::none;
    else if (effect == effects[1])
        event.effect = Effect::extend;
    else if (effect == effects[2])
        event.effect = Effect::set;
    else
        return fail("'effect' is none of none, extend, set");
    event.pcr = TRY(number(object, "pcr", event.effect == Effect::none ? UINT32_MAX : pcr_count - 1));
    event.type = TRY(number(object, "type_number", UINT32_MAX));
    const auto data = from_hex(TRY(text(object, "data")));
    if (!data) return fail("'data' is not hexadecimal");
    event.data = *data;
    event.source = TRY(text(object, "source"));
    const auto digests = object.find("digests");
    if (digests == object.end() || !digests->is_object()) return fail("'digests' is missing or no object");
    for (const auto& [name, value] : digests->items()) {
        const auto bank = parse_bank(name);
        const auto digest = value.is_string() ? from_hex(value.get<std::string>()) : std::nullopt;
        if (!bank || !digest || digest->size() != digest_size(*bank))
            return fail("'digests': '" + printable(name, 40) + "' is no bank or its value no digest of that bank");
        event.digests[*bank] = *digest;
    }
    for (const auto& [bank, digest] : event.digests) {
        if (std::find(banks.begin(), banks.end(), bank) == banks.end())
            return fail("a digest of " + std::string(bank_name(bank)) + ", which 'banks' does not name");
    }
    return event;
}

} // namespace

std::string event_list_json(const EventList& list) {
    nlohmann::ordered_json root;
    root["format"] = format;
    root["version"] = 1;
    root["banks"] = json::array();
    for (const Bank bank : list.banks) root["banks"].push_back(bank_name(bank));
    root["startup_locality"] = list.startup_locality;
    root["dynamic_launch"] = list.dynamic_launch;
    if (!list.covers.empty()) root["pcrs"] = list.covers;
    root["events"] = json::array();
    for (std::size_t i = 0; i < list.events.size(); ++i) {
        const Event& event = list.events[i];
        nlohmann::ordered_json row;
        row["number"] = i;
        row["pcr"] = event.pcr;
        row["type"] = event_type_name(event.type);
        row["type_number"] = event.type;
        row["effect"] = effects[static_cast<std::size_t>(event.effect)];
        row["digests"] = digests_json(event.digests);
        row["what"] = describe(event);
        if (!event.source.empty()) row["source"] = event.source;
        row["data"] = to_hex(event.data);
        root["events"].push_back(std::move(row));
    }
    return root.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<EventList> parse_event_list_json(std::string_view bytes) {
    json root;
    TRY(parse_json_object(bytes, event_log_limit, root));
    if (TRY(text(root, "format")) != format || TRY(number(root, "version", UINT32_MAX)) != 1)
        return fail("not an event list: 'format' is not \"" + std::string(format) + "\" or 'version' not 1");
    EventList list;
    list.banks = TRY(banks(root));
    list.startup_locality = static_cast<std::uint8_t>(TRY(number(root, "startup_locality", 255)));
    const auto dynamic = root.find("dynamic_launch");
    if (dynamic == root.end() || !dynamic->is_boolean())
        return fail("'dynamic_launch' is missing or not true or false");
    list.dynamic_launch = dynamic->get<bool>();
    if (const auto covers = root.find("pcrs"); covers != root.end()) {
        if (!covers->is_array()) return fail("'pcrs' is no list");
        for (const json& pcr : *covers) {
            if (!pcr.is_number_unsigned() || pcr.get<std::uint64_t>() >= pcr_count)
                return fail("'pcrs' holds something that is no PCR (0 to 23)");
            list.covers.insert(pcr.get<std::uint32_t>());
        }
    }
    const auto events = root.find("events");
    if (events == root.end() || !events->is_array()) return fail("'events' is missing or no list");
    for (const json& object : *events)
        list.events.push_back(
            TRY(context(read_event(object, list.banks), "event " + std::to_string(list.events.size()))));
    return list;
}

Result<EventList> read_event_list(std::string_view bytes) {
    return bytes.starts_with('{') ? parse_event_list_json(bytes) : parse_event_log(bytes);
}

} // namespace bulkhead::measure
