// The messages between attest-client and attest-server, as bytes. docs/attestation.md describes the protocol. Pure and
// bounded: an error names the byte offset.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace bulkhead::attest {

inline constexpr std::size_t nonce_size = 32;
inline constexpr std::size_t log_limit = 4 << 20;     // bytes of an event log
inline constexpr std::size_t secret_limit = 64 << 10; // bytes of what is released

struct Hello { // client: who it is
    std::string machine;
};
struct Challenge {     // server: what to sign
    std::string nonce; // nonce_size bytes
    std::string pcrs;  // "sha256:8,9"
};
struct Evidence {          // client
    std::string quote;     // TPMS_ATTEST
    std::string signature; // TPMT_SIGNATURE
    std::string values;    // the PCRs, one behind the other
    std::string log;       // an event log, or a list in JSON
};
struct Release { // server, and the end
    std::string secret;
};
struct Refusal { // server, and the end
    std::string why;
};
using Message = std::variant<Hello, Challenge, Evidence, Release, Refusal>;

// A frame: the size of what follows (4 bytes, big-endian), the version 1, the message's type (1 to 5, in the order
// above), and each field as its size (4 bytes) and bytes.
std::string encode(const Message& message);

// The first frame of `bytes`; nullopt: more bytes are needed. `most` bounds the frame as the receiver's stage does.
struct Decoded {
    Message message;
    std::size_t size = 0; // bytes of the frame
};
Result<std::optional<Decoded>> decode(std::string_view bytes, std::size_t most);

// What a receiver accepts: hello_limit of a client that has proven nothing yet.
inline constexpr std::size_t hello_limit = 128;
inline constexpr std::size_t evidence_limit = log_limit + (32 << 10);
inline constexpr std::size_t answer_limit = secret_limit + 64;

// What the TPM signs in place of the bare nonce: SHA-256 over the protocol's name, the machine, the nonce and the TLS
// connection's exported value (RFC 8446, 7.5), each with its size. A quote is worth nothing on another connection.
std::string qualifying_data(std::string_view machine, std::string_view nonce, std::string_view exported);

} // namespace bulkhead::attest
