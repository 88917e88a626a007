#include "net/fence.hpp"

#include <linux/if_ether.h>
#include <map>
#include <netinet/in.h>

namespace bulkhead::net {
namespace {

using nft::Element;
using nft::Header;
using nft::Meta;
using nft::Type;
using nft::Verdict;
using Kind = Verdict::Kind;

const Verdict drop{Kind::drop, ""}, accept{Kind::accept, ""}, back{Kind::back, ""};

// Of the links that netback makes, "vif3.0", and libxl's names of QEMU's, "vif3.0-emu".
constexpr std::string_view vif_prefix = "vif";

std::string be16(std::uint16_t value) {
    return {static_cast<char>(value >> 8), static_cast<char>(value)};
}

template <std::size_t size>
std::string key(const std::string& name, const std::array<std::uint8_t, size>& address) {
    std::string bytes = nft::name_key(name);
    bytes.append(reinterpret_cast<const char*>(address.data()), size);
    bytes.resize((bytes.size() + 3) & ~std::size_t{3});
    return bytes;
}

struct Place { // in a header
    Header header;
    unsigned offset, length;
};
constexpr Place mac_source{Header::link, 6, 6};
constexpr Place arp_form{Header::network, 0, 6}, arp_mac{Header::network, 8, 6}, arp_ip{Header::network, 14, 4};
constexpr Place ip4_source{Header::network, 12, 4}, ip6_source{Header::network, 8, 16};
constexpr Place udp_port{Header::transport, 2, 2};
constexpr Place nd_type{Header::transport, 0, 1}, nd_target{Header::transport, 8, 16};

// ICMPv6: RFC 2710, 3810, 4861.
enum : char {
    listener_report = static_cast<char>(131),
    router_solicitation = static_cast<char>(133),
    router_advertisement = static_cast<char>(134),
    neighbour_solicitation = static_cast<char>(135),
    neighbour_advertisement = static_cast<char>(136),
    redirect = static_cast<char>(137),
    listener_report_2 = static_cast<char>(143),
};

class Rules {
public:
    explicit Rules(nft::Batch& batch, std::string chain) : batch_(batch), chain_(std::move(chain)) {}

    // One rule: conditions in a row, then a verdict.
    class Line {
    public:
        explicit Line(nft::Rule rule) : rule_(std::move(rule)) {}
        Line&& protocol(std::uint16_t type) && {
            rule_.load(Meta::protocol).equal(be16(type));
            return std::move(*this);
        }
        Line&& carries(char protocol) && {
            rule_.load(Meta::l4_protocol).equal({&protocol, 1});
            return std::move(*this);
        }
        Line&& is(const Place& place, std::string_view bytes) && {
            rule_.load(place.header, place.offset, place.length).equal(bytes);
            return std::move(*this);
        }
        Line&& port(const char* set, bool negate = false) && {
            rule_.load(Meta::in_name).in(set, negate);
            return std::move(*this);
        }
        Line&& own(const Place& place, const char* set, bool negate = false) && {
            rule_.load(Meta::in_name).load(place.header, place.offset, place.length, 2).in(set, negate);
            return std::move(*this);
        }
        void then(const Verdict& verdict) && { rule_.verdict(verdict); }

    private:
        nft::Rule rule_;
    };
    [[nodiscard]] Line line() const { return Line(batch_.rule(chain_)); }

private:
    nft::Batch& batch_;
    std::string chain_;
};

// What a guarded port sends. A rule whose bytes a short frame lacks does not match, so what is allowed is listed and
// the rest dropped.
void guard(nft::Batch& batch) {
    for (const char* chain : {"guard", "guard_arp", "guard_ip", "guard_nd"}) batch.chain(chain);
    const std::string no_ip4(4, '\0'), no_ip6(16, '\0');

    const Rules all(batch, "guard");
    all.line().own(mac_source, "macs", true).then(drop);
    const std::string ethernet_ipv4("\0\1\x08\0\6\4", 6);
    all.line().protocol(ETH_P_ARP).is(arp_form, ethernet_ipv4).own(arp_mac, "macs").then({Kind::go_to, "guard_arp"});
    all.line().protocol(ETH_P_ARP).then(drop);
    all.line().port("addressed").then({Kind::go_to, "guard_ip"});

    const Rules arp(batch, "guard_arp");
    arp.line().port("addressed", true).then(back);
    arp.line().is(arp_ip, no_ip4).then(back); // a probe: RFC 5227
    arp.line().own(arp_ip, "ip4").then(back);
    arp.line().then(drop);

    const Rules ip(batch, "guard_ip");
    ip.line().protocol(ETH_P_IP).own(ip4_source, "ip4").then(back);
    ip.line().protocol(ETH_P_IP).is(ip4_source, no_ip4).carries(IPPROTO_UDP).is(udp_port, be16(67)).then(back); // DHCP
    ip.line().protocol(ETH_P_IPV6).carries(IPPROTO_ICMPV6).then({Kind::go_to, "guard_nd"});
    ip.line().protocol(ETH_P_IPV6).own(ip6_source, "ip6").then(back);
    ip.line().then(drop);

    const Rules nd(batch, "guard_nd");
    const auto type = [](const char& value) { return std::string_view(&value, 1); };
    for (const char unwanted : {router_advertisement, redirect}) nd.line().is(nd_type, type(unwanted)).then(drop);
    const char advertisement = neighbour_advertisement, solicitation = neighbour_solicitation;
    nd.line().is(nd_type, type(advertisement)).own(nd_target, "ip6", true).then(drop);
    nd.line().own(ip6_source, "ip6").then(back);
    // Without an address yet: is mine taken, is there a router, and the groups that go with it.
    nd.line().is(ip6_source, no_ip6).is(nd_type, type(solicitation)).own(nd_target, "ip6").then(back);
    for (const char asking : {router_solicitation, listener_report, listener_report_2})
        nd.line().is(ip6_source, no_ip6).is(nd_type, type(asking)).then(back);
    nd.line().then(drop);
}

// The sets that the guard asks.
void guarded_ports(nft::Batch& batch, const std::vector<FencePort>& ports) {
    std::vector<Element> guarded, addressed, macs, ip4, ip6;
    for (const FencePort& port : ports) {
        if (!port.mac) continue;
        guarded.push_back({nft::name_key(port.name), {}});
        macs.push_back({key(port.name, *port.mac), {}});
        if (port.ip4.empty() && port.ip6.empty()) continue;
        addressed.push_back({nft::name_key(port.name), {}});
        for (const Ip4Address& address : port.ip4) ip4.push_back({key(port.name, address), {}});
        for (const Ip6Address& address : port.ip6) ip6.push_back({key(port.name, address), {}});
        ip6.push_back({key(port.name, link_local(*port.mac)), {}});
    }
    const auto fill = [&](const char* name, const std::vector<Type>& type, const std::vector<Element>& elements) {
        batch.set(name, type);
        batch.elements(name, elements);
    };
    fill("guarded", {Type::name}, guarded);
    fill("addressed", {Type::name}, addressed);
    fill("macs", {Type::name, Type::mac}, macs);
    fill("ip4", {Type::name, Type::ip4}, ip4);
    fill("ip6", {Type::name, Type::ip6}, ip6);
}

// One set of names for each type, and one chain for each different set of types: a port's frames go to its chain, which
// looks for the other port in its types' sets.
void isolation(nft::Batch& batch, const std::vector<FencePort>& ports, Others others) {
    std::map<std::string, std::vector<Element>> types;
    std::map<std::vector<std::string>, std::string> classes;
    std::vector<Element> all, uplinks, open, ways;
    for (const FencePort& port : ports) {
        const Element name{nft::name_key(port.name), {}};
        all.push_back(name);
        std::string chain = "from_open";
        if (port.uplink) {
            uplinks.push_back(name);
            chain = "from_uplink";
        } else if (!port.types) {
            open.push_back(name);
        } else {
            chain = classes.emplace(*port.types, "from_class_" + std::to_string(classes.size())).first->second;
            for (const std::string& type : *port.types) types[type].push_back(name);
        }
        ways.push_back({name.key, {Kind::go_to, chain}});
    }
    const auto fill = [&](const std::string& name, const std::vector<Element>& elements) {
        batch.set(name, {Type::name});
        batch.elements(name, elements);
    };
    fill("ports", all);
    fill("uplinks", uplinks);
    fill("open", open);
    std::map<std::string, std::string> sets;
    for (const auto& [type, names] : types) {
        const std::string& set = sets.emplace(type, "type_" + std::to_string(sets.size())).first->second;
        fill(set, names);
    }
    const bool by_name = others == Others::by_name;
    const auto to = [&](const std::string& chain, const std::string& set) {
        batch.rule(chain).load(Meta::out_name).in(set).verdict(accept);
    };
    // The end of a port's chain: what else may get its frames, apart from those that it has accepted.
    const auto rest = [&](const std::string& chain, bool other_vifs) {
        if (!by_name) return; // nobody
        batch.rule(chain).load(Meta::out_name).in("ports").verdict(drop);
        if (!other_vifs) batch.rule(chain).load(Meta::out_name).equal(vif_prefix).verdict(drop);
    };
    batch.chain("from_uplink");
    to("from_uplink", "ports");
    batch.chain("from_open");
    to("from_open", "uplinks");
    to("from_open", "open");
    rest("from_open", true);
    for (const auto& [names, chain] : classes) {
        batch.chain(chain);
        to(chain, "uplinks");
        for (const std::string& type : names) to(chain, sets.at(type));
        rest(chain, false);
    }
    batch.set("ways", {Type::name}, true);
    batch.elements("ways", ways);
    batch.base_chain("forward", nft::Hook::forward, by_name);
    batch.rule("forward").load(Meta::in_name).map("ways");
    if (by_name) batch.rule("forward").load(Meta::in_name).equal(vif_prefix).verdict({Kind::go_to, "from_open"});
}

} // namespace

nft::Batch no_fence() {
    nft::Batch batch(fence_table);
    batch.make_table(); // without it, removing one that is not there would be an error
    batch.remove_table();
    return batch;
}

nft::Batch fence_rules(const std::vector<FencePort>& ports, Others others) {
    nft::Batch batch = no_fence();
    batch.make_table();
    guarded_ports(batch, ports);
    guard(batch);
    isolation(batch, ports, others);
    // Frames to the reserved group addresses (01:80:c2:00:00:0x) come to the input hook only, and the bridge learns
    // from them after it; from LLDP's before it, unless it is told not to, as create_bridge() does.
    for (const auto& [chain, hook] : {std::pair("prerouting", nft::Hook::prerouting), {"input", nft::Hook::input}}) {
        batch.base_chain(chain, hook, true);
        batch.rule(chain).load(Meta::in_name).in("guarded").verdict({Kind::jump, "guard"});
    }
    return batch;
}

Ip6Address link_local(const MacAddress& mac) {
    Ip6Address address{0xfe, 0x80};
    address[8] = mac[0] ^ 2;
    address[9] = mac[1];
    address[10] = mac[2];
    address[11] = 0xff;
    address[12] = 0xfe;
    address[13] = mac[3];
    address[14] = mac[4];
    address[15] = mac[5];
    return address;
}

} // namespace bulkhead::net
