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

} // namespace

Result<std::string> Nodes::request(Type type, std::string_view path, std::string_view rest) {
    const auto what = [&] { return "xenstore: " + std::string(verb(type)) + printable(path, 256); };
    if (!wire::valid_path(path)) return fail(what() + ": not a xenstore path", EINVAL);
    auto reply = exchange(type, wire::strings({path}).append(rest));
    if (!reply) return fail(what() + ": " + reply.error().message, reply.error().code);
    return reply;
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
    if (permissions.empty()) return fail("xenstore: a node needs an owner", EINVAL);
    std::string list;
    for (const Permission& permission : permissions) list.append(wire::format_permission(permission)).push_back('\0');
    TRY(request(Type::set_permissions, path, list));
    return {};
}

} // namespace bulkhead::xen
