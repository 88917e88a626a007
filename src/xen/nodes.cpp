// The tree operations of xen/store.hpp: one request each, whatever connection or transaction carries it.
#include "base/text.hpp"
#include "xen/store.hpp"

#include <cerrno>

namespace bulkhead::xen {
namespace {

using wire::Type;

constexpr std::size_t list_max = 1 << 20; // bytes of names in one directory
constexpr int list_attempts = 16;

std::string_view verb(Type type) {
    switch (type) {
    case Type::read:
        return "reading ";
    case Type::directory:
    case Type::directory_part:
        return "listing ";
    case Type::write:
        return "writing ";
    case Type::make_directory:
        return "creating ";
    case Type::remove:
        return "removing ";
    case Type::get_permissions:
        return "permissions of ";
    case Type::set_permissions:
        return "setting permissions of ";
    default:
        return "request for ";
    }
}

Result<std::string> format_permissions(const std::vector<Permission>& permissions) {
    if (permissions.empty()) return fail("xenstore: a node needs an owner", EINVAL);
    std::string list;
    for (const Permission& permission : permissions) list.append(wire::format_permission(permission)).push_back('\0');
    return list;
}

} // namespace

Result<Nodes::Answers> Nodes::request(Type type, const std::vector<Request>& requests) {
    if (requests.empty()) return Answers();
    const auto what = [type](const Request& one) {
        return "xenstore: " + std::string(verb(type)) + printable(one.path, 256) + ": ";
    };
    std::vector<std::string> payloads;
    payloads.reserve(requests.size());
    for (const Request& one : requests) {
        if (!wire::valid_path(one.path)) return fail(what(one) + "not a xenstore path", EINVAL);
        payloads.push_back(wire::strings({one.path}).append(one.rest));
    }
    auto answers = exchange(type, std::move(payloads));
    if (!answers) return fail(what(requests.front()) + answers.error().message, answers.error().code);
    for (std::size_t i = 0; i < requests.size(); ++i) {
        auto& answer = (*answers)[i];
        if (!answer) answer.error().message.insert(0, what(requests[i]));
    }
    return answers;
}

Result<std::string> Nodes::request(Type type, std::string_view path, std::string_view rest) {
    return std::move(TRY(request(type, {Request{path, rest}})).front());
}

Result<std::string> Nodes::read(std::string_view path) {
    return request(Type::read, path);
}

Result<std::optional<std::string>> Nodes::read_if(std::string_view path) {
    auto value = read(path);
    if (value) return std::move(*value);
    if (value.error().code == ENOENT) return std::nullopt;
    return tl::unexpected(std::move(value.error()));
}

Result<bool> Nodes::exists(std::string_view path) {
    return TRY(read_if(path)).has_value();
}

Result<std::vector<std::string>> Nodes::list(std::string_view path) {
    auto names = request(Type::directory, path);
    if (names) return wire::parse_names(*names);
    if (names.error().code == E2BIG) return list_in_parts(path);
    return tl::unexpected(std::move(names.error()));
}

// A directory whose names do not fit in one message comes in parts. The generation changes when the directory does, and
// then the parts do not belong together: start again.
Result<std::vector<std::string>> Nodes::list_in_parts(std::string_view path) {
    for (int attempt = 0; attempt < list_attempts; ++attempt) {
        std::string names;
        std::string generation;
        for (;;) {
            const std::string reply =
                TRY(request(Type::directory_part, path, wire::strings({std::to_string(names.size())})));
            const wire::DirectoryPart part = TRY(wire::parse_directory_part(reply));
            if (generation.empty()) generation = part.generation;
            if (part.generation != generation) break;
            names += part.names;
            if (part.last) return wire::parse_names(names);
            if (names.size() > list_max || part.names.empty()) {
                return fail("xenstore: listing " + printable(path, 256) + ": more than " + std::to_string(list_max) +
                                " bytes of names",
                            E2BIG);
            }
        }
    }
    return fail("xenstore: listing " + printable(path, 256) + ": it changed while it was read, " +
                    std::to_string(list_attempts) + " times in a row",
                EAGAIN);
}

Status Nodes::write(std::string_view path, std::string_view value) {
    TRY(request(Type::write, path, value));
    return {};
}

Status Nodes::mkdir(std::string_view path) {
    TRY(request(Type::make_directory, path));
    return {};
}

Status Nodes::remove(std::string_view path) {
    auto done = request(Type::remove, path);
    if (done || done.error().code == ENOENT) return {};
    return tl::unexpected(std::move(done.error()));
}

Result<std::vector<Permission>> Nodes::permissions(std::string_view path) {
    return wire::parse_permissions(TRY(request(Type::get_permissions, path)));
}

Status Nodes::set_permissions(std::string_view path, const std::vector<Permission>& permissions) {
    TRY(request(Type::set_permissions, path, TRY(format_permissions(permissions))));
    return {};
}

Result<std::vector<std::optional<std::string>>> Nodes::read_each(const std::vector<std::string>& paths) {
    std::vector<Request> requests;
    for (const std::string& path : paths) requests.push_back({path, {}});
    std::vector<std::optional<std::string>> values;
    for (auto& answer : TRY(request(Type::read, requests))) {
        if (!answer && answer.error().code != ENOENT) return tl::unexpected(std::move(answer.error()));
        values.push_back(answer ? std::optional(std::move(*answer)) : std::nullopt);
    }
    return values;
}

Status Nodes::write_each(const std::vector<std::pair<std::string, std::string>>& nodes) {
    std::vector<Request> requests;
    for (const auto& [path, value] : nodes) requests.push_back({path, value});
    for (auto& answer : TRY(request(Type::write, requests))) TRY(std::move(answer));
    return {};
}

Status Nodes::set_permissions_each(const std::vector<std::string>& paths, const std::vector<Permission>& permissions) {
    const std::string list = TRY(format_permissions(permissions));
    std::vector<Request> requests;
    for (const std::string& path : paths) requests.push_back({path, list});
    for (auto& answer : TRY(request(Type::set_permissions, requests))) {
        if (!answer && answer.error().code != ENOENT) return tl::unexpected(std::move(answer.error()));
    }
    return {};
}

} // namespace bulkhead::xen
