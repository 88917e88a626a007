#include "domain/work.hpp"

#include "base/json.hpp"
#include "domain/gate.hpp"
#include "domain/live_config.hpp"
#include "domain/saved_file.hpp"

#include <nlohmann/json.hpp>

namespace bulkhead::domain::work {
using nlohmann::json;

Result<std::string> with_context(const Body& body, const WorkerSide& side) {
    const std::unique_ptr<xen::Context> xen = TRY(xen::Context::open());
    return body(*xen, side);
}

namespace {

Result<std::optional<xen::LabelSpec>> label_in(const std::string& config, const std::string& source) {
    return TRY(config::parse_domain(config, source, TRY(host_settings()))).spec.label;
}

} // namespace

Result<std::string> create(xen::Context& xen, const WorkerSide& side, const CreateRequest& wanted,
                           const std::string& verb) {
    CreateRequest request = wanted;
    if (!request.image.empty()) {
        const SavedFile image = TRY(SavedFile::open(request.image));
        request.uuid = image.header().uuid;
        request.force_uuid = true;
        // A label goes with what is in the image, whatever configuration somebody gives it.
        if (!request.label) request.label = TRY(label_in(image.header().config, image.header().source));
        if (request.config.empty()) {
            request.config = image.header().config;
            request.source = image.header().source;
            request.directory = image.header().directory;
        }
        if (TRY(label_in(request.config, request.source)) != request.label)
            request.config = with_label(request.config, request.label);
    }
    const Gate gate(side, verb);
    CreateHooks hooks;
    hooks.gate = &gate;
    hooks.progress = [&](std::string_view words) { side.progress(words); };
    hooks.intent = [&](const std::string& uuid, const std::string& name) {
        return side.intent(json_line({{"uuid", uuid}, {"name", name}}));
    };
    const Created created = TRY(create_domain(xen, request, hooks));
    json answer = {{"id", created.domain},     {"name", created.name},         {"uuid", created.uuid},
                   {"policy", created.policy}, {"warnings", created.warnings}, {"pending", describe(created.pending)}};
    if (!request.image.empty()) {
        answer["config"] = request.config;
        answer["source"] = request.source;
        answer["directory"] = request.directory;
    }
    return json_line(answer);
}

std::string text(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

unsigned number(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_number_unsigned() ? found->get<unsigned>() : 0;
}

std::vector<PendingVif> pending(const json& object, const std::string& uuid) {
    std::vector<PendingVif> vifs;
    const auto found = object.find("pending");
    if (found == object.end() || !found->is_array()) return vifs;
    for (const json& vif : *found) vifs.push_back({uuid, number(vif, "devid"), text(vif, "backend")});
    return vifs;
}

} // namespace bulkhead::domain::work
