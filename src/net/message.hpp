// Netlink messages: what we send is put together, what the kernel sends is taken apart. Pure: bytes in, values out.
// Source: linux/netlink.h, linux/rtnetlink.h. Written here rather than taken from libnl because the static agent would
// grow by half a megabyte: libnl brings scanf, printf and the resolver of libc with it.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::net {

// One request, built from its header to its attributes.
class Request {
public:
    // A link request: nlmsghdr and ifinfomsg. `index` 0: found by name, or made.
    Request(std::uint16_t type, std::uint16_t flags, int index, unsigned link_flags = 0, unsigned changed_flags = 0);
    // One of another family: nlmsghdr, with no flags but NLM_F_REQUEST and these, and that family's own header.
    Request(std::uint16_t type, std::uint16_t flags, std::string_view header);

    void put(std::uint16_t type, std::string_view bytes);
    void put_text(std::uint16_t type, const std::string& text); // with its NUL
    void put_u8(std::uint16_t type, std::uint8_t value);
    void put_u32(std::uint16_t type, std::uint32_t value);
    void put_be32(std::uint16_t type, std::uint32_t value); // in network byte order, as nf_tables wants it
    // Attributes that `fill` puts are inside this one; they may take 65531 bytes.
    void nest(std::uint16_t type, const std::function<void()>& fill);

    // The finished message.
    [[nodiscard]] std::string bytes(std::uint32_t sequence, std::uint16_t more_flags = 0) const;

private:
    std::string bytes_;
};

// One message of a datagram, pointing into it.
struct Message {
    std::uint16_t type = 0;
    std::uint16_t flags = 0;
    std::uint32_t sequence = 0;
    std::string_view payload; // behind the nlmsghdr
};

// The messages of one datagram. What does not fit its own length is left out, with all that follows.
std::vector<Message> split_datagram(std::string_view datagram);

struct Attribute {
    std::uint16_t type = 0; // without the flags for nesting and byte order
    std::string_view payload;
};

// The attributes of a payload, likewise bounded.
std::vector<Attribute> split_attributes(std::string_view payload);

std::string text_of(std::string_view payload);     // up to a NUL, if there is one
std::uint32_t number_of(std::string_view payload); // u32; 0 when it is too short

// An NLMSG_ERROR: code 0 is an acknowledgement and gives success. The kernel's own text (extended acknowledgement) is
// the message when there is one, else that of errno.
Status parse_acknowledgement(const Message& message);

} // namespace bulkhead::net
