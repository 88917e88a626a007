#include "daemon/arguments.hpp"

#include "base/text.hpp"

#include <cerrno>

namespace bulkhead::daemon {

Result<std::string> Arguments::text(const char* key) const {
    const auto found = object_.find(key);
    if (found == object_.end()) return std::string();
    if (!found->is_string()) return fail(std::string("argument '") + key + "' must be a string");
    std::string value = found->get<std::string>();
    if (value.find('\0') != std::string::npos) return fail(std::string("argument '") + key + "' contains a NUL byte");
    return value;
}

Result<std::string> Arguments::needed_text(const char* key) const {
    std::string value = TRY(text(key));
    if (value.empty()) return fail(std::string("argument '") + key + "' is missing");
    return value;
}

Result<bool> Arguments::flag(const char* key) const {
    const auto found = object_.find(key);
    if (found == object_.end()) return false;
    if (!found->is_boolean()) return fail(std::string("argument '") + key + "' must be true or false");
    return found->get<bool>();
}

Result<std::optional<long>> Arguments::number(const char* key, const char* what, long least, long most) const {
    const auto found = object_.find(key);
    if (found == object_.end()) return std::optional<long>();
    const std::string typed = found->is_string() ? found->get<std::string>() : found->dump();
    const auto value = parse_unsigned(typed, static_cast<std::uint64_t>(most));
    if (!value || static_cast<long>(*value) < least) {
        return fail(std::string(what) + " must be a number from " + std::to_string(least) + " to " +
                        std::to_string(most) + ", not '" + printable(typed, 64) + "'",
                    EINVAL);
    }
    return std::optional<long>(static_cast<long>(*value));
}

Result<std::vector<std::string>> Arguments::texts(const char* key) const {
    std::vector<std::string> values;
    const auto found = object_.find(key);
    if (found == object_.end()) return values;
    if (!found->is_array()) return fail(std::string("argument '") + key + "' must be a list of strings");
    for (const nlohmann::json& item : *found) {
        if (!item.is_string()) return fail(std::string("argument '") + key + "' must be a list of strings");
        values.push_back(item.get<std::string>());
    }
    return values;
}

Result<xen::DomainInfo> Arguments::domain(domain::Manager& manager) const {
    return manager.find(TRY(needed_text("domain")));
}

Result<domain::CreateRequest> create_request(const Arguments& arguments) {
    domain::CreateRequest request;
    request.config = TRY(arguments.text("config"));
    request.source = TRY(arguments.needed_text("source"));
    request.directory = TRY(arguments.text("directory"));
    request.overrides = TRY(arguments.texts("overrides"));
    request.paused = TRY(arguments.flag("paused"));
    request.wait = TRY(arguments.flag("wait"));
    request.ignore_cpu_masks = TRY(arguments.flag("ignore_masks"));
    return request;
}

domain::Reply reply_to(const std::shared_ptr<Call>& call) {
    domain::Reply reply;
    reply.who = "uid " + std::to_string(call->uid);
    reply.progress = [call](const std::string& text) { call->progress(text); };
    reply.done = [call](Result<std::string> result) {
        if (result)
            call->result(*result);
        else
            call->error(result.error());
    };
    return reply;
}

Status run_while_connected(domain::Manager& manager, const std::shared_ptr<Call>& call,
                           Result<domain::Workers::Id> started) {
    const domain::Workers::Id id = TRY(std::move(started));
    call->on_disconnect([&manager, id] { manager.cancel(id); });
    return {};
}

} // namespace bulkhead::daemon
