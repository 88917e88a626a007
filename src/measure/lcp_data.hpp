// Intel's launch control policy data file: the lists that a policy of type "list" stands for. Pure; signatures are
// taken apart, not verified. Source: Intel TXT Software Development Guide, appendix D; tboot's include/lcp3.h.
#pragma once

#include "base/result.hpp"
#include "measure/hash.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::measure {

inline constexpr std::size_t lcp_data_limit = 1 << 20; // bytes; SINIT takes 64 KiB at most
inline constexpr std::string_view lcp_data_signature("Intel(R) TXT LCP_POLICY_DATA\0\0\0\0", 32);

// What a list allows. One structure for all kinds: a kind leaves alone what it does not have.
struct LcpElement {
    std::uint32_t type = 0; // lcp_element_name()
    std::uint32_t control = 0;
    std::size_t offset = 0;                      // in the file, bytes
    std::uint8_t sinit_min_version = 0;          // MLE
    std::optional<std::uint32_t> hash_algorithm; // TPM_ALG_ID; nullopt: the element has none
    std::string fallback_hash;                   // SBIOS
    std::vector<std::string> hashes;             // MLE, SBIOS, STM; of PCONF the composite digests
    std::vector<std::string> selections;         // PCONF: the bitmap of PCRs, beside each digest
    std::string uuid;                            // CUSTOM, 16 bytes as they lie in the file
    std::string data;                            // CUSTOM; all of an element that is not known
};
// "MLE", "PCONF", "SBIOS", "CUSTOM", with "2" behind it from TPM 2.0 on, "STM2"; "0x1234" for another.
std::string lcp_element_name(std::uint32_t type);

struct LcpSignature {
    std::string algorithm; // "rsa", "rsapss", "ecdsa", "sm2"
    std::uint16_t revocation_counter = 0;
    std::uint32_t key_bits = 0;
    std::string modulus;   // RSA, as stored (little-endian)
    std::string x, y;      // ECDSA
    std::string signature; // RSA: as stored; ECDSA: r and s
};

struct LcpList {
    std::uint16_t version = 0; // 0x0100 TPM 1.2; 0x0200, 0x0201, 0x0300 TPM 2.0
    std::vector<LcpElement> elements;
    std::optional<LcpSignature> signature;
    std::string_view bytes; // of the whole list; lives as long as the bytes given to parse_lcp_data()
};

struct LcpData {
    std::vector<LcpList> lists;
};

// Errors name the byte: lists and elements that leave what holds them, counts that do not fit their sizes, versions and
// signature algorithms that are not known, bytes behind the last list.
Result<LcpData> parse_lcp_data(std::string_view bytes);

// What the policy's PolicyHash must be: H of the lists' H(list), or of H(modulus) where one is signed by RSA. nullopt
// with a list that is signed otherwise: no tool of tboot 1.10 computes it.
std::optional<std::string> lcp_policy_hash(const LcpData& data, Bank bank);

} // namespace bulkhead::measure
