// nf_tables messages: one batch that makes a whole table of the bridge family anew, or removes it. Pure. The kernel
// takes a batch as a whole or not at all, so frames meet the old rules or the new ones. Source:
// linux/netfilter/nf_tables.h, linux/netfilter/nfnetlink.h; written here as net/message.hpp is, and for its reason.
#pragma once

#include "net/message.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::net::nft {

// What becomes of a frame; jump and go_to name a chain.
struct Verdict {
    enum class Kind { drop, accept, back, jump, go_to };
    Kind kind = Kind::drop;
    std::string chain;
};

enum class Hook { prerouting = 0, input = 1, forward = 2 }; // of a bridge: NF_BR_... in linux/netfilter_bridge.h
enum class Meta { in_name, out_name, protocol, l4_protocol };
enum class Header { link, network, transport };

// Values travel through registers: number 1 and 2 hold 16 bytes each and lie side by side, so that a key of a name and
// an address is in both, and is looked up from the first.
class Rule {
public:
    Rule& load(Meta key, unsigned reg = 1);
    Rule& load(Header header, unsigned offset, unsigned length, unsigned reg = 1);
    Rule& equal(std::string_view bytes, bool negate = false); // register 1
    Rule& in(const std::string& set, bool negate = false);    // register 1 and what follows it
    // One of these ends the rule and puts it into the batch.
    void map(const std::string& map); // in(), with the map's verdict
    void verdict(const Verdict& verdict);

private:
    friend class Batch;
    Rule(std::string table, std::vector<Request>& messages, const std::string& chain);
    Rule& expression(const char* name, const std::function<void(Request&)>& fill);
    void end();
    std::vector<std::function<void(Request&)>> expressions_;
    std::string table_, chain_;
    std::vector<Request>& messages_;
};

// The data types of nft(8), which only its listing needs.
enum class Type { name, mac, ip4, ip6 };

struct Element {
    std::string key; // the parts of the key, each padded to a multiple of four bytes; a name to 16
    Verdict verdict; // of a map's
};

// Messages are in the order of the calls. A set must be there before its elements and a chain before what goes to it.
class Batch {
public:
    explicit Batch(std::string table) : table_(std::move(table)) {}

    void make_table();   // or nothing, when it is there
    void remove_table(); // with all in it
    void chain(const std::string& name);
    // In the priority of filters. `accept`: what becomes of a frame that no rule takes; else it is dropped.
    void base_chain(const std::string& name, Hook hook, bool accept);
    void set(const std::string& name, const std::vector<Type>& key, bool map = false);
    void elements(const std::string& set, const std::vector<Element>& elements);
    [[nodiscard]] Rule rule(const std::string& chain) { return Rule(table_, messages_, chain); }

    // One datagram. Its messages are numbered from `sequence` on; the last but one asks for an acknowledgement.
    [[nodiscard]] std::string bytes(std::uint32_t sequence) const;
    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(messages_.size()) + 2; } // messages

private:
    Request& add(std::uint16_t type, std::uint16_t flags);
    std::string table_;
    std::vector<Request> messages_;
    std::uint32_t sets_ = 0;
};

std::string name_key(std::string_view name); // at most 15 characters, padded to 16

} // namespace bulkhead::net::nft
