// A stream from a hostile xenstored: messages off its front, and every payload through every parser.
#include "check.hpp"
#include "xen/wire.hpp"

using namespace bulkhead::xen;

namespace {

void parse(std::string_view payload) {
    if (const auto names = wire::parse_names(payload)) {
        for (const std::string& name : *names) check(!name.empty() && name.find('/') == std::string::npos);
    }
    if (const auto part = wire::parse_directory_part(payload)) {
        check(part->names.size() < payload.size());
        check(part->last || !part->names.empty());
    }
    if (const auto event = wire::parse_watch_event(payload))
        check(event->path.size() + event->token.size() < payload.size());
    if (const auto permissions = wire::parse_permissions(payload)) {
        check(!permissions->empty());
        std::string text;
        for (const auto& permission : *permissions) text.append(wire::format_permission(permission)).push_back('\0');
        check(wire::parse_permissions(text).value() == *permissions);
    }
    check(wire::parse_error(payload) > 0);
    if (wire::valid_path(payload)) check(wire::valid_watch_path(payload));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string stream(reinterpret_cast<const char*>(data), size);
    parse(stream);
    for (;;) {
        const std::size_t before = stream.size();
        const auto taken = wire::take(stream);
        if (!taken || !*taken) return 0;
        check((*taken)->payload.size() <= wire::payload_max);
        check(stream.size() + wire::header_size + (*taken)->payload.size() == before);
        parse((*taken)->payload);
    }
}
