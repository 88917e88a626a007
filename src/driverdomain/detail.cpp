#include "driverdomain/detail.hpp"

#include "base/json.hpp"

#include <nlohmann/json.hpp>

namespace bulkhead::driverdomain {

using nlohmann::json;

std::string print_detail(const RebirthDetail& detail) {
    json object = {{"step", step_name(detail.step)}};
    if (detail.config) object["config"] = *detail.config;
    return json_line(object);
}

RebirthDetail parse_detail(std::string_view text) {
    RebirthDetail detail;
    const json object = json::parse(text, nullptr, false);
    if (!object.is_object()) return detail;
    const auto step = object.find("step");
    if (step != object.end() && step->is_string()) detail.step = parse_step(step->get<std::string>());
    const auto config = object.find("config");
    if (config != object.end() && config->is_string()) detail.config = config->get<std::string>();
    return detail;
}

} // namespace bulkhead::driverdomain
