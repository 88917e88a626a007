#include "agent/settings.hpp"

#include "base/text.hpp"
#include "net/link.hpp"

namespace bulkhead::agent {

Settings parse_settings(std::string_view command_line) {
    Settings settings;
    for (const std::string_view word : words(command_line)) {
        if (word == "--") break;
        if (!word.starts_with("bulkhead.")) continue;
        const std::size_t equals = word.find('=');
        const std::string_view name = word.substr(0, equals);
        const std::string_view value = equals == std::string_view::npos ? "" : word.substr(equals + 1);
        const auto refuse = [&](std::string_view wanted) {
            settings.complaints.push_back("kernel command line: '" + printable(word, 80) +
                                          "' is ignored: " + std::string(wanted));
        };
        if (name == "bulkhead.bridge") {
            if (net::valid_link_name(value)) {
                settings.bridge = value;
            } else {
                refuse("not a name for a network link (1 to 15 characters, no '/', ':' or space)");
            }
        } else if (name == "bulkhead.nic") {
            if (value == "any" || value == "none") {
                settings.nic = value == "any" ? Settings::Nic::any : Settings::Nic::none;
            } else {
                refuse("'any' or 'none' is expected");
            }
        } else if (name == "bulkhead.heartbeat") {
            const auto seconds = parse_unsigned(value, 3600);
            if (seconds && *seconds > 0) {
                settings.heartbeat = std::chrono::seconds(*seconds);
            } else {
                refuse("a number of seconds from 1 to 3600 is expected");
            }
        } else if (name == "bulkhead.debug") {
            settings.debug = true;
        } else {
            refuse("the agent knows bulkhead.bridge, bulkhead.nic, bulkhead.heartbeat and bulkhead.debug");
        }
    }
    return settings;
}

} // namespace bulkhead::agent
