#include "net/port_rules.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <arpa/inet.h>

namespace bulkhead::net {
namespace {

template <typename Address>
std::string print(int family, const Address& address) {
    char text[INET6_ADDRSTRLEN] = "";
    (void)::inet_ntop(family, address.data(), text, sizeof text);
    return text;
}

template <typename Address>
Status add(std::vector<Address>& addresses, const Address& address) {
    if (std::find(addresses.begin(), addresses.end(), address) != addresses.end()) return {};
    if (addresses.size() == port_addresses_max)
        return fail("more than " + std::to_string(port_addresses_max) + " addresses of one kind");
    addresses.push_back(address);
    return {};
}

} // namespace

Status add_address(PortRules& rules, std::string_view text) {
    const std::string word(text.substr(0, INET6_ADDRSTRLEN));
    Ip4Address ip4{};
    Ip6Address ip6{};
    if (word.size() == text.size() && word.find('\0') == std::string::npos) {
        if (::inet_pton(AF_INET, word.c_str(), ip4.data()) == 1) return add(rules.ip4, ip4);
        if (::inet_pton(AF_INET6, word.c_str(), ip6.data()) == 1) return add(rules.ip6, ip6);
    }
    return fail("'" + printable(text, 64) + "' is not an IPv4 or IPv6 address");
}

Result<std::vector<std::string>> type_names(const std::vector<std::string_view>& names) {
    std::vector<std::string> sorted;
    for (const std::string_view name : names) {
        const bool written = !name.empty() && std::all_of(name.begin(), name.end(),
                                                          [](char c) { return c > ' ' && c < '\x7f' && c != ','; });
        if (!written) return fail("'" + printable(name, 64) + "' is not a name of a type");
        sorted.emplace_back(name);
    }
    std::sort(sorted.begin(), sorted.end());
    sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
    return sorted;
}

Result<PortRules> parse_port_rules(std::string_view text) {
    if (text.size() > port_rules_max) return fail("longer than " + std::to_string(port_rules_max) + " bytes");
    PortRules rules;
    bool addressed = false;
    for (const std::string_view word : words(text)) {
        const std::size_t equals = word.find('=');
        const std::string_view key = word.substr(0, equals);
        const std::string_view value = equals == std::string_view::npos ? "" : word.substr(equals + 1);
        if (key == "mac" && !rules.mac) {
            rules.mac = TRY(parse_mac(value));
            if (((*rules.mac)[0] & 1) != 0) return fail("mac= is a multicast address");
        } else if (key == "ip" && !addressed) {
            addressed = true;
            for (const std::string_view address : split(value, ',')) TRY(add_address(rules, address));
        } else if (key == "types" && !rules.types) {
            rules.types = value.empty() ? std::vector<std::string>() : TRY(type_names(split(value, ',')));
        } else {
            return fail("'" + printable(word, 64) + "' is not understood, or there twice");
        }
    }
    if (addressed && !rules.mac) return fail("ip= without mac=");
    return rules;
}

Result<std::string> print_port_rules(const PortRules& rules) {
    std::vector<std::string> parts;
    if (rules.mac) {
        parts.push_back("mac=" + format_mac(*rules.mac));
        std::vector<std::string> addresses;
        for (const Ip4Address& address : rules.ip4) addresses.push_back(print(AF_INET, address));
        for (const Ip6Address& address : rules.ip6) addresses.push_back(print(AF_INET6, address));
        if (!addresses.empty()) parts.push_back("ip=" + join(addresses, ","));
    }
    if (rules.types) {
        TRY(type_names({rules.types->begin(), rules.types->end()}));
        parts.push_back("types=" + join(*rules.types, ","));
    }
    std::string text = join(parts, " ");
    if (text.size() > port_rules_max) {
        return fail("the rules of one vif take " + std::to_string(text.size()) + " bytes and may take " +
                    std::to_string(port_rules_max) + ": it has too many types");
    }
    return text;
}

} // namespace bulkhead::net
