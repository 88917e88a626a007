#include "net/nft_message.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

namespace bulkhead::net::nft {
namespace {

constexpr std::size_t elements_max = 400;      // in one message: an attribute has at most 64 KiB
constexpr std::int32_t filter_priority = -200; // NF_BR_PRI_FILTER_BRIDGED of linux/netfilter_bridge.h

std::string header(std::uint8_t family, std::uint16_t resource) {
    nfgenmsg message{};
    message.nfgen_family = family;
    message.version = NFNETLINK_V0;
    message.res_id = htons(resource);
    return {reinterpret_cast<const char*>(&message), sizeof message};
}

std::uint16_t table_message(int type) {
    return static_cast<std::uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | type);
}

void put_verdict(Request& request, const Verdict& verdict) {
    const auto code = [&] {
        switch (verdict.kind) {
        case Verdict::Kind::accept:
            return NF_ACCEPT;
        case Verdict::Kind::back:
            return int{NFT_RETURN};
        case Verdict::Kind::jump:
            return int{NFT_JUMP};
        case Verdict::Kind::go_to:
            return int{NFT_GOTO};
        case Verdict::Kind::drop:
            break;
        }
        return NF_DROP;
    }();
    request.nest(NFTA_DATA_VERDICT, [&] {
        request.put_be32(NFTA_VERDICT_CODE, static_cast<std::uint32_t>(code));
        if (!verdict.chain.empty()) request.put_text(NFTA_VERDICT_CHAIN, verdict.chain);
    });
}

// The numbers of nft's own types (TYPE_... in its datatype.h), and their sizes in a key.
struct KeyPart {
    std::uint32_t type, size;
};
KeyPart part_of(Type type) {
    switch (type) {
    case Type::name:
        return {41, 16};
    case Type::mac:
        return {9, 8};
    case Type::ip4:
        return {7, 4};
    case Type::ip6:
        break;
    }
    return {8, 16};
}

} // namespace

Rule::Rule(std::string table, std::vector<Request>& messages, const std::string& chain)
    : table_(std::move(table)), chain_(chain), messages_(messages) {}

Rule& Rule::expression(const char* name, const std::function<void(Request&)>& fill) {
    expressions_.emplace_back([name, fill](Request& request) {
        request.nest(NFTA_LIST_ELEM, [&] {
            request.put_text(NFTA_EXPR_NAME, name);
            request.nest(NFTA_EXPR_DATA, [&] { fill(request); });
        });
    });
    return *this;
}

Rule& Rule::load(Meta key, unsigned reg) {
    const std::uint32_t number = key == Meta::in_name    ? NFT_META_IIFNAME
                                 : key == Meta::out_name ? NFT_META_OIFNAME
                                 : key == Meta::protocol ? NFT_META_PROTOCOL
                                                         : NFT_META_L4PROTO;
    return expression("meta", [=](Request& request) {
        request.put_be32(NFTA_META_KEY, number);
        request.put_be32(NFTA_META_DREG, reg);
    });
}

Rule& Rule::load(Header header, unsigned offset, unsigned length, unsigned reg) {
    const std::uint32_t base = header == Header::link      ? NFT_PAYLOAD_LL_HEADER
                               : header == Header::network ? NFT_PAYLOAD_NETWORK_HEADER
                                                           : NFT_PAYLOAD_TRANSPORT_HEADER;
    return expression("payload", [=](Request& request) {
        request.put_be32(NFTA_PAYLOAD_DREG, reg);
        request.put_be32(NFTA_PAYLOAD_BASE, base);
        request.put_be32(NFTA_PAYLOAD_OFFSET, offset);
        request.put_be32(NFTA_PAYLOAD_LEN, length);
    });
}

Rule& Rule::equal(std::string_view bytes, bool negate) {
    return expression("cmp", [value = std::string(bytes), negate](Request& request) {
        request.put_be32(NFTA_CMP_SREG, NFT_REG_1);
        request.put_be32(NFTA_CMP_OP, negate ? NFT_CMP_NEQ : NFT_CMP_EQ);
        request.nest(NFTA_CMP_DATA, [&] { request.put(NFTA_DATA_VALUE, value); });
    });
}

Rule& Rule::in(const std::string& set, bool negate) {
    return expression("lookup", [set, negate](Request& request) {
        request.put_text(NFTA_LOOKUP_SET, set);
        request.put_be32(NFTA_LOOKUP_SREG, NFT_REG_1);
        if (negate) request.put_be32(NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
    });
}

void Rule::map(const std::string& map) {
    expression("lookup", [map](Request& request) {
        request.put_text(NFTA_LOOKUP_SET, map);
        request.put_be32(NFTA_LOOKUP_SREG, NFT_REG_1);
        request.put_be32(NFTA_LOOKUP_DREG, NFT_REG_VERDICT);
    });
    end();
}

void Rule::verdict(const Verdict& verdict) {
    expression("immediate", [&](Request& request) {
        request.put_be32(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
        request.nest(NFTA_IMMEDIATE_DATA, [&] { put_verdict(request, verdict); });
    });
    end();
}

void Rule::end() {
    Request& request =
        messages_.emplace_back(table_message(NFT_MSG_NEWRULE), NLM_F_CREATE | NLM_F_APPEND, header(NFPROTO_BRIDGE, 0));
    request.put_text(NFTA_RULE_TABLE, table_);
    request.put_text(NFTA_RULE_CHAIN, chain_);
    request.nest(NFTA_RULE_EXPRESSIONS, [&] {
        for (const auto& expression : expressions_) expression(request);
    });
}

Request& Batch::add(std::uint16_t type, std::uint16_t flags) {
    return messages_.emplace_back(table_message(type), flags, header(NFPROTO_BRIDGE, 0));
}

void Batch::make_table() {
    add(NFT_MSG_NEWTABLE, NLM_F_CREATE).put_text(NFTA_TABLE_NAME, table_);
}

void Batch::remove_table() {
    add(NFT_MSG_DELTABLE, 0).put_text(NFTA_TABLE_NAME, table_);
}

void Batch::chain(const std::string& name) {
    Request& request = add(NFT_MSG_NEWCHAIN, NLM_F_CREATE);
    request.put_text(NFTA_CHAIN_TABLE, table_);
    request.put_text(NFTA_CHAIN_NAME, name);
}

void Batch::base_chain(const std::string& name, Hook hook, bool accept) {
    chain(name);
    Request& request = messages_.back();
    request.nest(NFTA_CHAIN_HOOK, [&] {
        request.put_be32(NFTA_HOOK_HOOKNUM, static_cast<std::uint32_t>(hook));
        request.put_be32(NFTA_HOOK_PRIORITY, static_cast<std::uint32_t>(filter_priority));
    });
    request.put_be32(NFTA_CHAIN_POLICY, accept ? NF_ACCEPT : NF_DROP);
    request.put_text(NFTA_CHAIN_TYPE, "filter");
}

void Batch::set(const std::string& name, const std::vector<Type>& key, bool map) {
    constexpr unsigned type_bits = 6; // nft's concatenation of types
    std::uint32_t type = 0, length = 0;
    for (const Type part : key) {
        type = type << type_bits | part_of(part).type;
        length += part_of(part).size;
    }
    Request& request = add(NFT_MSG_NEWSET, NLM_F_CREATE);
    request.put_text(NFTA_SET_TABLE, table_);
    request.put_text(NFTA_SET_NAME, name);
    request.put_be32(NFTA_SET_FLAGS, map ? std::uint32_t{NFT_SET_MAP} : 0);
    request.put_be32(NFTA_SET_KEY_TYPE, type);
    request.put_be32(NFTA_SET_KEY_LEN, length);
    request.put_be32(NFTA_SET_ID, ++sets_);
    if (map) request.put_be32(NFTA_SET_DATA_TYPE, NFT_DATA_VERDICT);
    // For nft's listing: the key's byte order (NFTNL_UDATA_SET_KEYBYTEORDER of libnftnl/udata.h) is the host's, as of
    // names.
    if (key.size() == 1) request.put(NFTA_SET_USERDATA, std::string_view("\0\4\1\0\0\0", 6));
}

void Batch::elements(const std::string& set, const std::vector<Element>& elements) {
    for (std::size_t begin = 0; begin < elements.size(); begin += elements_max) {
        Request& request = add(NFT_MSG_NEWSETELEM, NLM_F_CREATE);
        request.put_text(NFTA_SET_ELEM_LIST_TABLE, table_);
        request.put_text(NFTA_SET_ELEM_LIST_SET, set);
        request.nest(NFTA_SET_ELEM_LIST_ELEMENTS, [&] {
            for (std::size_t i = begin; i < std::min(begin + elements_max, elements.size()); ++i) {
                request.nest(NFTA_LIST_ELEM, [&] {
                    request.nest(NFTA_SET_ELEM_KEY, [&] { request.put(NFTA_DATA_VALUE, elements[i].key); });
                    if (elements[i].verdict.chain.empty()) return;
                    request.nest(NFTA_SET_ELEM_DATA, [&] { put_verdict(request, elements[i].verdict); });
                });
            }
        });
    }
}

std::string Batch::bytes(std::uint32_t sequence) const {
    std::string whole = Request(NFNL_MSG_BATCH_BEGIN, 0, header(AF_UNSPEC, NFNL_SUBSYS_NFTABLES)).bytes(sequence++);
    for (const Request& message : messages_) {
        // The answer to the last one tells of the whole batch: the kernel answers after it has taken or refused it.
        const bool last = &message == &messages_.back();
        whole += message.bytes(sequence++, last ? NLM_F_ACK : 0);
    }
    return whole + Request(NFNL_MSG_BATCH_END, 0, header(AF_UNSPEC, NFNL_SUBSYS_NFTABLES)).bytes(sequence);
}

std::string name_key(std::string_view name) {
    std::string key(name.substr(0, 15));
    key.resize(16);
    return key;
}

} // namespace bulkhead::net::nft
