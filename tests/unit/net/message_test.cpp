#include "net/message.hpp"

#include "net/link_message.hpp"

#include <cerrno>
#include <cstring>
#include <gtest/gtest.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

namespace bulkhead::net {
namespace {

using namespace std::string_literals;

template <typename Struct>
std::string bytes_of(const Struct& value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

TEST(Message, WhatIsBuiltIsTakenApart) {
    Request request(RTM_NEWLINK, NLM_F_CREATE, 7, IFF_UP, IFF_UP);
    request.put_text(IFLA_IFNAME, "vif1.0");
    request.put_u32(IFLA_MTU, 1400);
    request.put_u32(IFLA_MASTER, 3);
    request.put(IFLA_ADDRESS, "\xfe\xff\xff\xff\xff\xff");
    request.put(IFLA_IFALIAS, "text");
    request.nest(IFLA_LINKINFO, [&] {
        request.put_text(IFLA_INFO_KIND, "bridge");
        request.nest(IFLA_INFO_DATA, [&] { request.put_u8(IFLA_BR_MCAST_SNOOPING, 0); });
    });
    const std::string bytes = request.bytes(42);
    const std::string datagram = bytes + bytes;
    const auto messages = split_datagram(datagram);
    ASSERT_EQ(messages.size(), 2U);
    EXPECT_EQ(messages[1].type, RTM_NEWLINK);
    EXPECT_EQ(messages[1].flags, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE);
    EXPECT_EQ(messages[1].sequence, 42U);
    const auto parsed = parse_link(messages[1].payload);
    ASSERT_TRUE(parsed) << parsed.error().message;
    const Link& link = parsed->link;
    EXPECT_EQ(link.index, 7);
    EXPECT_EQ(link.name, "vif1.0");
    EXPECT_EQ(link.mtu, 1400U);
    EXPECT_EQ(link.master, 3);
    EXPECT_EQ(link.mac, vif_mac);
    EXPECT_EQ(link.alias, "text");
    EXPECT_EQ(link.kind, "bridge");
    EXPECT_TRUE(link.up);
    EXPECT_FALSE(link.carrier);
}

TEST(Message, CutAndLyingDatagramsAreBounded) {
    Request request(RTM_NEWLINK, 0, 7);
    request.put_text(IFLA_IFNAME, "vif1.0");
    const std::string bytes = request.bytes(1);
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_TRUE(split_datagram(std::string_view(bytes).substr(0, size)).empty());
    std::string liar = bytes;
    liar[0] = 4; // shorter than its own header
    EXPECT_TRUE(split_datagram(liar).empty());
    EXPECT_TRUE(split_attributes("\x03\0\x01\0abcd"s).empty());
    EXPECT_TRUE(split_attributes("\xff\xff\x01\0abcd"s).empty());
    EXPECT_EQ(split_attributes("\x05\0\x01\0a"s).size(), 1U) << "the padding of the last one may be missing";
    EXPECT_FALSE(parse_link("short"));
    EXPECT_FALSE(parse_link(std::string(sizeof(ifinfomsg), '\0'))) << "neither name nor index";
    EXPECT_EQ(number_of("abc"), 0U);
    EXPECT_EQ(text_of("no end"), "no end");
}

std::string acknowledgement(int error, std::uint32_t request_size) {
    nlmsgerr answer{};
    answer.error = error;
    answer.msg.nlmsg_len = request_size;
    return bytes_of(answer);
}

TEST(Message, Acknowledgements) {
    EXPECT_TRUE(parse_acknowledgement({NLMSG_ERROR, 0, 1, acknowledgement(0, 32)}));
    EXPECT_EQ(parse_acknowledgement({NLMSG_ERROR, 0, 1, acknowledgement(-EPERM, 32)}).error().code, EPERM);
    EXPECT_EQ(parse_acknowledgement({NLMSG_ERROR, 0, 1, "short"}).error().code, EPROTO);
    EXPECT_EQ(parse_acknowledgement({NLMSG_ERROR, 0, 1, acknowledgement(INT32_MIN, 32)}).error().code, EPROTO);
}

TEST(Message, TheKernelsTextIsFoundBehindARequestOfAnyLength) {
    const std::string text = "\x0f\0\x01\0mtu is bad\0"s;
    const auto capped =
        parse_acknowledgement({NLMSG_ERROR, NLM_F_ACK_TLVS | NLM_F_CAPPED, 1, acknowledgement(-EINVAL, 32) + text});
    EXPECT_EQ(capped.error().message, "mtu is bad (Invalid argument)");
    const auto whole = parse_acknowledgement(
        {NLMSG_ERROR, NLM_F_ACK_TLVS, 1, acknowledgement(-EINVAL, 32) + std::string(16, 'x') + text});
    EXPECT_EQ(whole.error().message, "mtu is bad (Invalid argument)");
    // Announced, but not there; or behind a request that claims to be huge.
    for (const std::uint32_t size : {0U, 16U, 32U, 0xffffffffU}) {
        const auto none = parse_acknowledgement({NLMSG_ERROR, NLM_F_ACK_TLVS, 1, acknowledgement(-EINVAL, size)});
        EXPECT_EQ(none.error().message, "Invalid argument");
    }
}

} // namespace
} // namespace bulkhead::net
