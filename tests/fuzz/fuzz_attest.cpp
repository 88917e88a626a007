// What anybody on the network sends to the attestation server, and a server to its client; and the file of a sealed
// secret.
#include "attest/message.hpp"
#include "measure/sealed_file.hpp"

#include <cstdint>
#include <cstdlib>

using namespace bulkhead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    for (const std::size_t most : {attest::hello_limit, attest::answer_limit, attest::evidence_limit}) {
        const auto decoded = attest::decode(bytes, most);
        if (!decoded && decoded.error().message.empty()) std::abort();
        if (!decoded || !*decoded) continue;
        if ((*decoded)->size > bytes.size() || (*decoded)->size > most + 4) std::abort();
        if (attest::encode((*decoded)->message) != bytes.substr(0, (*decoded)->size)) std::abort();
    }
    if (const auto file = measure::parse_sealed_file(bytes)) {
        const auto again = measure::parse_sealed_file(measure::sealed_file_json(*file));
        if (!again || measure::policy_branches(*again) != measure::policy_branches(*file)) std::abort();
        for (const measure::SealedState& state : file->states) {
            const bool found = measure::matching_state(*file, state.values).has_value();
            const std::string words = measure::explain(*file, state.values, state.list ? &*state.list : nullptr);
            if (!found || words.empty()) std::abort();
        }
    }
    return 0;
}
