#include "xen/wire.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

extern "C" {
#include <xen/io/xs_wire.h>
}

namespace bulkhead::xen::wire {
namespace {

static_assert(sizeof(xsd_sockmsg) == header_size);
static_assert(payload_max == XENSTORE_PAYLOAD_MAX);
static_assert(absolute_path_max == XENSTORE_ABS_PATH_MAX && relative_path_max == XENSTORE_REL_PATH_MAX);
static_assert(static_cast<int>(Type::directory) == XS_DIRECTORY);
static_assert(static_cast<int>(Type::get_domain_path) == XS_GET_DOMAIN_PATH);
static_assert(static_cast<int>(Type::error) == XS_ERROR);
static_assert(static_cast<int>(Type::directory_part) == XS_DIRECTORY_PART);

bool path_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-/_@").find(c) != std::string_view::npos;
}

// Splits "a\0b\0" (the last NUL may be missing) without copying.
std::vector<std::string_view> split_strings(std::string_view payload) {
    if (payload.empty()) return {};
    if (payload.back() == '\0') payload.remove_suffix(1);
    return split(payload, '\0');
}

} // namespace

Result<std::string> encode(const Message& message) {
    if (message.payload.size() > payload_max) {
        return fail("xenstore request of " + std::to_string(message.payload.size()) + " bytes: the protocol allows " +
                        std::to_string(payload_max),
                    E2BIG);
    }
    const xsd_sockmsg header = {static_cast<std::uint32_t>(message.type), message.request, message.transaction,
                                static_cast<std::uint32_t>(message.payload.size())};
    std::string bytes(header_size, '\0');
    std::memcpy(bytes.data(), &header, header_size);
    return bytes + message.payload;
}

Result<std::optional<Message>> take(std::string& bytes) {
    if (bytes.size() < header_size) return std::nullopt;
    xsd_sockmsg header{};
    std::memcpy(&header, bytes.data(), header_size);
    if (header.len > payload_max) {
        return fail("xenstore message announces " + std::to_string(header.len) + " bytes: the protocol allows " +
                        std::to_string(payload_max),
                    EPROTO);
    }
    if (bytes.size() < header_size + header.len) return std::nullopt;
    Message message{static_cast<Type>(header.type), header.req_id, header.tx_id, bytes.substr(header_size, header.len)};
    bytes.erase(0, header_size + header.len);
    return message;
}

std::string strings(std::initializer_list<std::string_view> parts) {
    std::string payload;
    for (const std::string_view part : parts) payload.append(part).push_back('\0');
    return payload;
}

bool valid_path(std::string_view path) {
    if (path.empty() || path.front() == '@') return false;
    if (path.size() > (path.front() == '/' ? absolute_path_max : relative_path_max)) return false;
    if (path.size() > 1 && path.back() == '/') return false;
    return path.find("//") == std::string_view::npos && std::all_of(path.begin(), path.end(), path_character);
}

bool valid_watch_path(std::string_view path) {
    if (!path.empty() && path.front() == '@') {
        return path.size() <= relative_path_max && std::all_of(path.begin(), path.end(), path_character);
    }
    return valid_path(path);
}

Result<std::vector<std::string>> parse_names(std::string_view payload) {
    std::vector<std::string> names;
    for (const std::string_view name : split_strings(payload)) {
        if (name.empty() || name.find('/') != std::string_view::npos) {
            return fail("xenstore directory holds the impossible name '" + printable(name, 64) + "'", EPROTO);
        }
        names.emplace_back(name);
    }
    return names;
}

Result<DirectoryPart> parse_directory_part(std::string_view payload) {
    const std::size_t end = payload.find('\0');
    if (end == 0 || end == std::string_view::npos) return fail("xenstore directory part without a generation", EPROTO);
    DirectoryPart part;
    part.generation = payload.substr(0, end);
    payload.remove_prefix(end + 1);
    // The end of the list is an empty name, which is also the whole answer for an empty directory.
    part.last =
        payload.empty() || payload == std::string_view("\0", 1) || payload.ends_with(std::string_view("\0\0", 2));
    if (part.last && !payload.empty()) payload.remove_suffix(1);
    if (!part.last && payload.back() != '\0') return fail("xenstore directory part ends within a name", EPROTO);
    part.names = payload;
    return part;
}

Result<WatchEvent> parse_watch_event(std::string_view payload) {
    // Two strings; xenstored may add more behind them in later versions of the protocol.
    const std::size_t path_end = payload.find('\0');
    const std::size_t token_end = path_end == std::string_view::npos ? path_end : payload.find('\0', path_end + 1);
    if (path_end == 0 || token_end == std::string_view::npos) return fail("malformed xenstore watch event", EPROTO);
    return WatchEvent{std::string(payload.substr(0, path_end)),
                      std::string(payload.substr(path_end + 1, token_end - path_end - 1))};
}

Result<std::vector<Permission>> parse_permissions(std::string_view payload) {
    std::vector<Permission> permissions;
    for (const std::string_view text : split_strings(payload)) {
        const auto domain = text.empty() ? std::nullopt : parse_unsigned(text.substr(1), 0xffff);
        const std::size_t letter = text.empty() ? std::string_view::npos : std::string_view("nrwb").find(text[0]);
        if (!domain || letter == std::string_view::npos) {
            return fail("xenstore permission '" + printable(text, 32) + "' is not a letter n, r, w or b and a domid",
                        EPROTO);
        }
        permissions.push_back({static_cast<unsigned>(*domain), (letter & 1) != 0, (letter & 2) != 0});
    }
    if (permissions.empty()) return fail("xenstore node without permissions", EPROTO);
    return permissions;
}

std::string format_permission(const Permission& permission) {
    const char letter = "nrwb"[(permission.read ? 1 : 0) + (permission.write ? 2 : 0)];
    return letter + std::to_string(permission.domain);
}

int parse_error(std::string_view payload) {
    if (!payload.empty() && payload.back() == '\0') payload.remove_suffix(1);
    for (const struct xsd_errors& error : ::xsd_errors) {
        if (payload == error.errstring) return error.errnum;
    }
    return EINVAL;
}

} // namespace bulkhead::xen::wire
