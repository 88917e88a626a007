#include "net/message.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <endian.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

namespace bulkhead::net {
namespace {

constexpr std::size_t aligned(std::size_t size) {
    return (size + 3) & ~std::size_t{3}; // NLMSG_ALIGN and NLA_ALIGN
}

template <typename Struct>
std::string_view bytes_of(const Struct& value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

// Copies a header off the front of bytes that need not be aligned.
template <typename Struct>
bool read(std::string_view bytes, Struct& value) {
    if (bytes.size() < sizeof value) return false;
    std::memcpy(&value, bytes.data(), sizeof value);
    return true;
}

} // namespace

Request::Request(std::uint16_t type, std::uint16_t flags, int index, unsigned link_flags, unsigned changed_flags) {
    nlmsghdr header{};
    header.nlmsg_type = type;
    header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    ifinfomsg link{};
    link.ifi_index = index;
    link.ifi_flags = link_flags;
    link.ifi_change = changed_flags;
    bytes_.append(bytes_of(header)).append(bytes_of(link));
}

Request::Request(std::uint16_t type, std::uint16_t flags, std::string_view header) {
    nlmsghdr message{};
    message.nlmsg_type = type;
    message.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    bytes_.append(bytes_of(message)).append(header);
}

void Request::put(std::uint16_t type, std::string_view bytes) {
    const nlattr header{static_cast<std::uint16_t>(sizeof(nlattr) + bytes.size()), type};
    bytes_.append(bytes_of(header)).append(bytes);
    bytes_.resize(aligned(bytes_.size()));
}

void Request::put_text(std::uint16_t type, const std::string& text) {
    put(type, {text.c_str(), text.size() + 1});
}

void Request::put_u8(std::uint16_t type, std::uint8_t value) {
    put(type, bytes_of(value));
}

void Request::put_u32(std::uint16_t type, std::uint32_t value) {
    put(type, bytes_of(value));
}

void Request::put_be32(std::uint16_t type, std::uint32_t value) {
    put_u32(type, htobe32(value));
}

void Request::nest(std::uint16_t type, const std::function<void()>& fill) {
    const std::size_t begin = bytes_.size();
    put(type | NLA_F_NESTED, {});
    fill();
    const auto size = static_cast<std::uint16_t>(bytes_.size() - begin);
    std::memcpy(&bytes_[begin], &size, sizeof size); // nla_len
}

std::string Request::bytes(std::uint32_t sequence, std::uint16_t more_flags) const {
    std::string whole = bytes_;
    nlmsghdr header{};
    std::memcpy(&header, whole.data(), sizeof header);
    header.nlmsg_len = static_cast<std::uint32_t>(whole.size());
    header.nlmsg_seq = sequence;
    header.nlmsg_flags = static_cast<std::uint16_t>(header.nlmsg_flags | more_flags);
    std::memcpy(whole.data(), &header, sizeof header);
    return whole;
}

std::vector<Message> split_datagram(std::string_view datagram) {
    std::vector<Message> messages;
    nlmsghdr header{};
    while (read(datagram, header) && header.nlmsg_len >= sizeof header && header.nlmsg_len <= datagram.size()) {
        messages.push_back({header.nlmsg_type, header.nlmsg_flags, header.nlmsg_seq,
                            datagram.substr(sizeof header, header.nlmsg_len - sizeof header)});
        datagram.remove_prefix(std::min(datagram.size(), aligned(header.nlmsg_len)));
    }
    return messages;
}

std::vector<Attribute> split_attributes(std::string_view payload) {
    std::vector<Attribute> attributes;
    nlattr header{};
    while (read(payload, header) && header.nla_len >= sizeof header && header.nla_len <= payload.size()) {
        attributes.push_back({static_cast<std::uint16_t>(header.nla_type & NLA_TYPE_MASK),
                              payload.substr(sizeof header, header.nla_len - sizeof header)});
        payload.remove_prefix(std::min(payload.size(), aligned(header.nla_len)));
    }
    return attributes;
}

std::string text_of(std::string_view payload) {
    return std::string(payload.substr(0, payload.find('\0')));
}

std::uint32_t number_of(std::string_view payload) {
    std::uint32_t value = 0;
    return read(payload, value) ? value : 0;
}

Status parse_acknowledgement(const Message& message) {
    nlmsgerr error{};
    if (!read(message.payload, error)) return fail("the kernel sent a malformed acknowledgement", EPROTO);
    if (error.error == 0) return {};
    const int code = error.error < 0 && error.error > -4096 ? -error.error : EPROTO; // MAX_ERRNO of the kernel
    if ((message.flags & NLM_F_ACK_TLVS) != 0) {
        // Behind the error comes our request (only its header when it is capped), then the attributes.
        std::size_t offset = sizeof error;
        if ((message.flags & NLM_F_CAPPED) == 0 && error.msg.nlmsg_len > sizeof error.msg) {
            offset += aligned(error.msg.nlmsg_len - sizeof error.msg);
        }
        if (offset < message.payload.size()) {
            for (const Attribute& attribute : split_attributes(message.payload.substr(offset))) {
                if (attribute.type != NLMSGERR_ATTR_MSG) continue;
                return fail(printable(text_of(attribute.payload), 256) + " (" + std::strerror(code) + ")", code);
            }
        }
    }
    return fail(std::strerror(code), code);
}

} // namespace bulkhead::net
