// Nftables: sends batches of nf_tables to the kernel, each taken as a whole or not at all. Needs CAP_NET_ADMIN in the
// network namespace.
#pragma once

#include "base/result.hpp"
#include "net/nft_message.hpp"
#include "net/socket.hpp"

#include <chrono>
#include <optional>

namespace bulkhead::net {

class Nftables {
public:
    // An error names the kernel modules that are missing (nf_tables, nft_meta_bridge).
    Status apply(const nft::Batch& batch);
    void set_deadline(std::chrono::milliseconds deadline) { deadline_ = deadline; } // default 10 s

private:
    Status exchange(const nft::Batch& batch);

    std::optional<Socket> socket_; // opened when it is needed: the kernel may learn nf_tables later
    std::chrono::milliseconds deadline_{10'000};
    std::uint32_t sequence_ = 0;
};

} // namespace bulkhead::net
