// The rules in the real kernel: as nft lists them, and by frames that come out of the other port of a bridge or do not.
#include "net/fence.hpp"

#include "base/text.hpp"
#include "net/netlink.hpp"
#include "net/nftables.hpp"

#include <array>
#include <cstdio>
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

namespace bulkhead::net {
namespace {

std::string output(const std::string& command) {
    FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
    std::string text;
    std::array<char, 4096> part{};
    while (std::size_t got = std::fread(part.data(), 1, part.size(), pipe)) text.append(part.data(), got);
    EXPECT_EQ(::pclose(pipe), 0) << command << ": " << text;
    return text;
}

std::string one_line(const std::string& text) {
    std::vector<std::string> parts;
    for (const std::string_view word : words(text)) parts.emplace_back(word);
    return join(parts, " ");
}

MacAddress mac(unsigned number) {
    return {0x00, 0x16, 0x3e, 0, 0, static_cast<std::uint8_t>(number)};
}

std::string bytes(std::string_view hex) {
    std::string digits;
    for (const char c : hex) {
        if (c != ' ' && c != ':') digits += c;
    }
    return *from_hex(digits);
}

std::string text(const MacAddress& address) {
    return {reinterpret_cast<const char*>(address.data()), address.size()};
}

const std::string everybody = bytes("ffffffffffff");

std::string frame(const std::string& to, const MacAddress& from, unsigned type, const std::string& payload) {
    return to + text(from) + static_cast<char>(type >> 8) + static_cast<char>(type) + payload;
}
std::string arp(const MacAddress& from, const MacAddress& sender, std::string_view ip) {
    return frame(everybody, from, ETHERTYPE_ARP,
                 bytes("0001 0800 06 04 0001") + text(sender) + bytes(ip) + bytes("000000000000 0a000009"));
}
std::string ip4(const MacAddress& from, std::string_view source, unsigned port) {
    const std::string udp = bytes("0044") + static_cast<char>(port >> 8) + static_cast<char>(port) + bytes("0008 0000");
    std::string header = bytes("45000020 00000000 40110000") + bytes(source) + bytes("ffffffff");
    unsigned sum = 0;
    for (std::size_t i = 0; i < header.size(); i += 2)
        sum +=
            static_cast<unsigned>(static_cast<std::uint8_t>(header[i]) << 8 | static_cast<std::uint8_t>(header[i + 1]));
    sum = ~(sum + (sum >> 16));
    header[10] = static_cast<char>(sum >> 8);
    header[11] = static_cast<char>(sum);
    return frame(everybody, from, ETHERTYPE_IP, header + udp + std::string(4, '\0'));
}
std::string ip6(const MacAddress& from, std::string_view source, const std::string& icmp) {
    return frame(bytes("333300000001"), from, ETHERTYPE_IPV6,
                 bytes("60000000") + static_cast<char>(0) + static_cast<char>(icmp.size()) + bytes("3aff") +
                     bytes(source) + bytes("ff020000000000000000000000000001") + icmp);
}
const char* const fd00_5 = "fd000000000000000000000000000005";
const char* const fd00_6 = "fd000000000000000000000000000006";
const char* const nobody = "00000000000000000000000000000000";
std::string icmp6(unsigned type, std::string_view target = nobody) {
    return std::string(1, static_cast<char>(type)) + bytes("00 0000 00000000") + bytes(target);
}

// A bridge with ports "p1".."p5"; what is sent into "qN" enters it by "pN".
class FenceTest : public testing::Test {
protected:
    static constexpr unsigned count = 5;
    void SetUp() override {
        ASSERT_TRUE(netlink.create_bridge("br0"));
        output("ip link set br0 up addrgenmode none");
        for (unsigned i = 1; i <= count; ++i) {
            const std::string n = std::to_string(i);
            output("ip link add p" + n + " type veth peer name q" + n);
            output("ip link set q" + n + " addrgenmode none up && ip link set p" + n +
                   " addrgenmode none master br0 up");
            sockets[i] = Fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL)));
            sockaddr_ll address{};
            address.sll_family = AF_PACKET;
            address.sll_protocol = htons(ETH_P_ALL);
            address.sll_ifindex = (*netlink.link("q" + n))->index;
            ASSERT_EQ(::bind(sockets[i].get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        }
    }
    void TearDown() override {
        EXPECT_TRUE(nftables.apply(no_fence()));
        output("ip link del br0");
        for (unsigned i = 1; i <= count; ++i) output("ip link del " + names[i]);
    }

    static FencePort port(unsigned number) {
        FencePort port;
        port.name = "p" + std::to_string(number);
        return port;
    }
    static FencePort port(unsigned number, std::vector<std::string> types) {
        FencePort made = port(number);
        made.types = std::move(types);
        return made;
    }
    void apply(const std::vector<FencePort>& ports, Others others = Others::nobody) {
        const Status done = nftables.apply(fence_rules(ports, others));
        ASSERT_TRUE(done) << done.error().message;
    }

    // Which ports' other ends get the frame, as "2 3". The bridge hands a frame on before send() returns, by the veths'
    // softirq, which has run when a later frame is seen: a marker that goes round the bridge.
    std::string arrives(unsigned from, const std::string& sent) {
        drain();
        EXPECT_EQ(::send(sockets[from].get(), sent.data(), sent.size(), 0), static_cast<ssize_t>(sent.size()));
        std::string got;
        for (unsigned i = 1; i <= count; ++i) {
            if (i == from) continue;
            // Past the bridge: straight from pN to qN, behind whatever was forwarded there.
            const std::string mark = frame(everybody, mac(0xee), 0x88b5, std::string(46, 'm'));
            sockaddr_ll address{};
            address.sll_family = AF_PACKET;
            address.sll_ifindex = (*netlink.link(names[i]))->index;
            EXPECT_GT(::sendto(marker.get(), mark.data(), mark.size(), 0, reinterpret_cast<sockaddr*>(&address),
                               sizeof address),
                      0);
            for (;;) {
                const std::string next = receive(i, 5000);
                if (next == sent) got += (got.empty() ? "" : " ") + std::to_string(i);
                if (next == mark || next.empty()) {
                    EXPECT_EQ(next, mark) << "the marker is lost";
                    break;
                }
            }
        }
        return got;
    }
    std::string receive(unsigned port, int wait_ms) {
        for (;;) {
            pollfd ready{sockets[port].get(), POLLIN, 0};
            if (::poll(&ready, 1, wait_ms) <= 0) return "";
            std::array<char, 2048> buffer{};
            sockaddr_ll from{};
            socklen_t size = sizeof from;
            const ssize_t got = ::recvfrom(sockets[port].get(), buffer.data(), buffer.size(), 0,
                                           reinterpret_cast<sockaddr*>(&from), &size);
            if (got > 0 && from.sll_pkttype != PACKET_OUTGOING) return {buffer.data(), static_cast<std::size_t>(got)};
        }
    }
    void drain() {
        for (unsigned i = 1; i <= count; ++i) {
            while (!receive(i, 0).empty()) {
            }
        }
    }

    Netlink netlink = std::move(*Netlink::open());
    Nftables nftables;
    std::array<std::string, count + 1> names{"", "p1", "p2", "p3", "p4", "p5"}; // of the ports
    std::array<Fd, count + 1> sockets;
    Fd marker{::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)};
    const std::string hello = frame(everybody, mac(1), 0x88b6, std::string(46, 'x'));
};

TEST_F(FenceTest, NftListsIt) {
    FencePort guarded = port(1, {"A-Bank", "B-Bank"});
    guarded.mac = mac(1);
    guarded.ip4 = {{10, 0, 0, 5}};
    apply({guarded, port(2, {"A-Bank"}), port(3)});
    const std::string listed = one_line(output("nft list table bridge bulkhead"));
    for (const char* part : {
             "set guarded { type ifname elements = { \"p1\" } }",
             "set macs { type ifname . ether_addr elements = { \"p1\" . 00:16:3e:00:00:01 } }",
             "set ip4 { type ifname . ipv4_addr elements = { \"p1\" . 10.0.0.5 } }",
             "set ip6 { type ifname . ipv6_addr elements = { \"p1\" . fe80::216:3eff:fe00:1 } }",
             "map ways { type ifname : verdict elements = {",
             "\"p3\" : goto from_open",
             "chain guard { iifname . ether saddr != @macs drop",
             "chain from_uplink { oifname @ports accept }",
             "chain from_open { oifname @uplinks accept oifname @open accept }",
             "chain from_class_0 { oifname @uplinks accept oifname @type_",
             "chain forward { type filter hook forward priority filter; policy drop; iifname vmap @ways }",
             ("chain prerouting { type filter hook prerouting priority filter; policy accept; iifname @guarded jump "
              "guard }"),
             "chain input { type filter hook input priority filter; policy accept; iifname @guarded jump guard }",
         }) {
        EXPECT_NE(listed.find(part), std::string::npos) << part << "\nis not in\n" << listed;
    }
    ASSERT_TRUE(nftables.apply(no_fence()));
    EXPECT_EQ(output("nft list ruleset"), "");
    EXPECT_TRUE(nftables.apply(no_fence())) << "twice does no harm";
}

TEST_F(FenceTest, TypesDecideWhoHearsWhom) {
    EXPECT_EQ(arrives(1, hello), "2 3 4 5");
    FencePort uplink = port(4);
    uplink.uplink = true;
    apply({port(1, {"a", "b"}), port(2, {"b"}), port(3, {"a"}), uplink, port(5)});
    EXPECT_EQ(arrives(1, hello), "2 3 4");
    EXPECT_EQ(arrives(2, hello), "1 4") << "sharing is not transitive";
    EXPECT_EQ(arrives(3, hello), "1 4");
    EXPECT_EQ(arrives(4, hello), "1 2 3 5");
    EXPECT_EQ(arrives(5, hello), "4") << "a port without a policy hears no labelled one";
    apply({port(1), port(2), port(3, {}), uplink});
    EXPECT_EQ(arrives(1, hello), "2 4") << "5 is unknown";
    EXPECT_EQ(arrives(3, hello), "4") << "a label without types";
    EXPECT_EQ(arrives(5, hello), "");
}

// In dom0: ports that the fence does not know.
TEST_F(FenceTest, OthersByTheirNames) {
    output("ip link set p4 down && ip link set p4 name vif9.0 && ip link set vif9.0 up");
    names[4] = "vif9.0";
    apply({port(1, {"a"}), port(2, {"a"}), port(3)}, Others::by_name);
    EXPECT_EQ(arrives(1, hello), "2 5") << "a vif without a policy is no uplink";
    EXPECT_EQ(arrives(3, hello), "4 5") << "vifs without a policy";
    EXPECT_EQ(arrives(4, hello), "3 5");
    EXPECT_EQ(arrives(5, hello), "1 2 3 4") << "an uplink";
}

TEST_F(FenceTest, ManyTypesAndPorts) {
    std::vector<FencePort> ports;
    std::vector<std::string> all;
    for (unsigned i = 0; i < 700; ++i) all.push_back("type" + std::to_string(1000 + i));
    for (unsigned i = 0; i < 700; ++i) {
        FencePort other = port(100 + i, {all[i]});
        other.mac = mac(i);
        ports.push_back(other);
    }
    ports.push_back(port(1, all));
    ports.push_back(port(2, {all[500], all[699]}));
    ports.push_back(port(3, {all[500]}));
    ports.push_back(port(4, {all[32]}));
    const nft::Batch batch = fence_rules(ports, Others::nobody);
    EXPECT_LT(batch.bytes(1).size(), 2'000'000U);
    ASSERT_TRUE(nftables.apply(batch));
    EXPECT_EQ(arrives(1, hello), "2 3 4");
    EXPECT_EQ(arrives(2, hello), "1 3");
    EXPECT_EQ(arrives(4, hello), "1");
}

TEST_F(FenceTest, AMacAddressOfItsOwn) {
    FencePort guarded = port(1);
    guarded.mac = mac(1);
    apply({guarded, port(2)});
    EXPECT_EQ(arrives(1, hello), "2");
    EXPECT_EQ(arrives(2, frame(everybody, mac(77), 0x88b6, std::string(46, 'x'))), "1") << "2 may";
    EXPECT_EQ(arrives(1, frame(everybody, mac(2), 0x88b6, std::string(46, 'x'))), "");
    EXPECT_EQ(arrives(1, arp(mac(1), mac(1), "0a000005")), "2");
    EXPECT_EQ(arrives(1, arp(mac(1), mac(2), "0a000005")), "") << "ARP speaks of another's address";
    EXPECT_EQ(arrives(1, arp(mac(1), mac(1), "0a000005").substr(0, 20)), "") << "a short one";
    EXPECT_EQ(arrives(1, frame(everybody, mac(1), 0x8100, bytes("0001") + arp(mac(1), mac(2), "0a000005").substr(12))),
              "")
        << "in a VLAN";
    EXPECT_EQ(arrives(1, ip4(mac(1), "0a000007", 99)), "2") << "no address is configured";
}

TEST_F(FenceTest, TheBridgeLearnsNothingFromASpoofer) {
    FencePort guarded = port(1);
    guarded.mac = mac(1);
    apply({guarded, port(2)});
    // To a reserved group, which no hook but input sees.
    const std::string lldp = bytes("0180c200000e");
    (void)arrives(1, frame(lldp, mac(2), 0x88cc, std::string(46, 'x')));
    (void)arrives(1, frame(everybody, mac(3), 0x88b6, std::string(46, 'x')));
    (void)arrives(1, hello);
    const std::string learned = output("bridge fdb show br br0 dynamic");
    EXPECT_NE(learned.find("00:16:3e:00:00:01"), std::string::npos) << learned;
    EXPECT_EQ(learned.find("00:16:3e:00:00:02"), std::string::npos) << learned;
    EXPECT_EQ(learned.find("00:16:3e:00:00:03"), std::string::npos) << learned;
}

TEST_F(FenceTest, AddressesOfItsOwn) {
    FencePort guarded = port(1);
    guarded.mac = mac(1);
    guarded.ip4 = {{10, 0, 0, 5}, {10, 0, 0, 6}};
    guarded.ip6 = {{0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5}};
    apply({guarded, port(2)});
    EXPECT_EQ(arrives(1, ip4(mac(1), "0a000005", 99)), "2");
    EXPECT_EQ(arrives(1, ip4(mac(1), "0a000006", 99)), "2");
    EXPECT_EQ(arrives(1, ip4(mac(1), "0a000007", 99)), "");
    EXPECT_EQ(arrives(1, ip4(mac(1), "00000000", 67)), "2") << "DHCP";
    EXPECT_EQ(arrives(1, ip4(mac(1), "00000000", 99)), "");
    EXPECT_EQ(arrives(1, arp(mac(1), mac(1), "0a000005")), "2");
    EXPECT_EQ(arrives(1, arp(mac(1), mac(1), "00000000")), "2") << "a probe";
    EXPECT_EQ(arrives(1, arp(mac(1), mac(1), "0a000002")), "");
    EXPECT_EQ(arrives(1, hello), "") << "neither ARP nor IP";

    const std::string echo = icmp6(128);
    EXPECT_EQ(arrives(1, ip6(mac(1), fd00_5, echo)), "2");
    EXPECT_EQ(arrives(1, ip6(mac(1), fd00_6, echo)), "");
    EXPECT_EQ(arrives(1, ip6(mac(1), "fe8000000000000002163efffe000001", echo)), "2") << "its link-local one";
    EXPECT_EQ(arrives(1, ip6(mac(1), "fe8000000000000002163efffe000002", echo)), "");
    EXPECT_EQ(arrives(1, ip6(mac(1), fd00_5, icmp6(136, fd00_5))), "2") << "I am here";
    EXPECT_EQ(arrives(1, ip6(mac(1), fd00_5, icmp6(136, fd00_6))), "") << "I am somebody else";
    EXPECT_EQ(arrives(1, ip6(mac(1), fd00_5, icmp6(135, fd00_6))), "2") << "who is there?";
    EXPECT_EQ(arrives(1, ip6(mac(1), nobody, icmp6(135, fd00_5))), "2") << "is mine taken?";
    EXPECT_EQ(arrives(1, ip6(mac(1), nobody, icmp6(135, fd00_6))), "");
    EXPECT_EQ(arrives(1, ip6(mac(1), nobody, icmp6(133))), "2");
    EXPECT_EQ(arrives(1, ip6(mac(1), nobody, echo)), "");
    for (const unsigned router : {134U, 137U}) EXPECT_EQ(arrives(1, ip6(mac(1), fd00_5, icmp6(router))), "") << router;
}

TEST_F(FenceTest, RefusedAsAWhole) {
    apply({port(1, {"a"}), port(2, {"b"})});
    nft::Batch batch = no_fence();
    batch.make_table();
    batch.rule("no such chain").verdict({nft::Verdict::Kind::accept, ""});
    const Status done = nftables.apply(batch);
    ASSERT_FALSE(done);
    EXPECT_NE(done.error().message.find("nf_tables"), std::string::npos) << done.error().message;
    EXPECT_EQ(arrives(1, hello), "") << "the old rules hold";
    EXPECT_TRUE(nftables.apply(no_fence()));
    EXPECT_EQ(arrives(1, hello), "2 3 4 5");
}

} // namespace
} // namespace bulkhead::net
