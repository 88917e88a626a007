#include "domain/security_question.hpp"

#include "base/json.hpp"
#include "domain/frame.hpp"

#include <nlohmann/json.hpp>

namespace bulkhead::domain {
namespace {

using nlohmann::json;

json to_json(const xen::LabelSpec& label) {
    return {{"policy", label.policy}, {"label", label.label}, {"version", label.version}};
}

xen::LabelSpec label_of(const json& object) {
    return {object.value("policy", ""), object.value("label", ""), object.value("version", "")};
}

} // namespace

json to_json(const DeviceUse& use) {
    return {{"device", use.device},        {"name", use.name}, {"resources", use.resources}, {"peer", use.peer},
            {"label", to_json(use.label)}, {"node", use.node}};
}

DeviceUse device_use(const json& object) {
    DeviceUse use;
    use.device = object.value("device", "");
    use.name = object.value("name", "");
    use.resources = object.value("resources", std::vector<std::string>());
    use.peer = object.value("peer", "");
    use.node = object.value("node", "");
    use.label = label_of(object.value("label", json::object()));
    return use;
}

std::string print_question(const Question& question) {
    json object = {{"verb", question.verb},
                   {"uuid", question.uuid},
                   {"name", question.name},
                   {"starts", question.starts},
                   {"generation", question.generation},
                   {"devices", json::array()}};
    if (question.label) object["label"] = to_json(*question.label);
    for (const DeviceUse& use : question.devices) object["devices"].push_back(to_json(use));
    return json_line(object);
}

Result<Question> parse_question(std::string_view text) {
    json object;
    TRY(parse_json_object(text, frame_size_max, object));
    try {
        Question question;
        question.verb = object.value("verb", "");
        question.uuid = object.value("uuid", "");
        question.name = object.value("name", "");
        question.starts = object.value("starts", false);
        question.generation = object.value("generation", std::uint64_t{0});
        if (const auto label = object.find("label"); label != object.end()) question.label = label_of(*label);
        for (const json& use : object.value("devices", json::array())) question.devices.push_back(device_use(use));
        return question;
    } catch (const json::exception& error) {
        return fail(std::string("a question to the policy is not readable: ") + error.what());
    }
}

std::string print_permit(const Permit& permit) {
    return json_line({{"vif_types", permit.vif_types}, {"hypervisor_label", permit.hypervisor_label}});
}

Result<Permit> parse_permit(std::string_view text) {
    json object;
    TRY(parse_json_object(text, frame_size_max, object));
    try {
        return Permit{object.at("vif_types").get<std::map<std::string, std::vector<std::string>>>(),
                      object.at("hypervisor_label").get<std::string>()};
    } catch (const json::exception& error) {
        return fail(std::string("the policy's answer is not readable: ") + error.what());
    }
}

} // namespace bulkhead::domain
