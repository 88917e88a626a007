// What a stranger's TPM sends: quotes, signatures and public keys. What parses holds what it says.
#include "measure/tpm_key.hpp"
#include "measure/tpm_policy.hpp"
#include "measure/tpm_quote.hpp"

#include <cstdint>
#include <cstdlib>

using namespace bulkhead::measure;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (const auto quote = parse_quote(bytes)) {
        const std::string written = pcr_selection_bytes(quote->selection);
        ByteReader again(written);
        const auto selection = read_pcr_selection(again);
        if (!selection || *selection != quote->selection || quote->nonce.size() > 66) std::abort();
    } else if (quote.error().message.empty()) {
        std::abort();
    }
    const auto signature = parse_tpm_signature(bytes);
    if (const auto key = TpmKey::parse(bytes)) {
        if (key->description().empty() || key->fingerprint().size() != 32) std::abort();
        if (signature && key->verify(*signature, bytes)) std::abort();
    }
    if (const auto selection = parse_pcr_selection(bytes)) {
        const auto again = parse_pcr_selection(to_text(*selection));
        if (!again || *again != *selection) std::abort();
    }
    return 0;
}
