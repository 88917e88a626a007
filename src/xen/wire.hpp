// The xenstore wire protocol: a 16-byte header and at most 4096 bytes of payload, in host byte order.
// Source of every fact here: xen/io/xs_wire.h and docs/misc/xenstore.txt of Xen 4.17. Pure: bytes in, values out.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::xen::wire {

inline constexpr std::size_t header_size = 16;
inline constexpr std::size_t payload_max = 4096;       // XENSTORE_PAYLOAD_MAX
inline constexpr std::size_t absolute_path_max = 3072; // XENSTORE_ABS_PATH_MAX
inline constexpr std::size_t relative_path_max = 2048; // XENSTORE_REL_PATH_MAX

// The message types that we send or receive, numbered as enum xsd_sockmsg_type.
enum class Type : std::uint32_t {
    control = 0,
    directory = 1,
    read = 2,
    get_permissions = 3,
    watch = 4,
    unwatch = 5,
    transaction_start = 6,
    transaction_end = 7,
    get_domain_path = 10,
    write = 11,
    make_directory = 12,
    remove = 13,
    set_permissions = 14,
    watch_event = 15,
    error = 16,
    directory_part = 22,
};

struct Message {
    Type type = Type::error;
    std::uint32_t request = 0;     // echoed in the reply; meaningless in a watch event
    std::uint32_t transaction = 0; // 0: none
    std::string payload;
};

// Who may do what with a node. In a list the first entry names the owner, who may do everything; its `read` and `write`
// are what every domain not listed may do.
struct Permission {
    unsigned domain = 0;
    bool read = false;
    bool write = false;
    bool operator==(const Permission&) const = default;
};

struct WatchEvent {
    std::string path;
    std::string token;
    bool operator==(const WatchEvent&) const = default;
};

// Header and payload; an error when the payload is larger than payload_max.
Result<std::string> encode(const Message& message);

// Takes one message off the front of `bytes`. nullopt: more bytes are needed. An error means that the stream cannot be
// understood any more (a payload larger than the protocol allows).
Result<std::optional<Message>> take(std::string& bytes);

// Payload of a request: every part with a NUL behind it. The value of a write follows its path without a NUL.
std::string strings(std::initializer_list<std::string_view> parts);

// A path that xenstored takes: absolute, relative to the own domain, or a special watch path (@releaseDomain).
bool valid_path(std::string_view path);
bool valid_watch_path(std::string_view path);

// NUL-separated names of a reply to `directory`; an empty name or one with a slash is an error.
Result<std::vector<std::string>> parse_names(std::string_view payload);

// Reply to `directory_part`: generation of the directory, the names that fit, and whether the list ends here.
struct DirectoryPart {
    std::string generation;
    std::string names; // still NUL-separated: the next offset is the sum of their sizes
    bool last = false;
};
Result<DirectoryPart> parse_directory_part(std::string_view payload);

Result<WatchEvent> parse_watch_event(std::string_view payload);

// "n0" "r3" ...: letter n, r, w or b, then the domid. At least one entry.
Result<std::vector<Permission>> parse_permissions(std::string_view payload);
std::string format_permission(const Permission& permission);

// errno value for the payload of an error reply, as "ENOENT"; EINVAL for a word that xs_wire.h does not list.
int parse_error(std::string_view payload);

} // namespace bulkhead::xen::wire
