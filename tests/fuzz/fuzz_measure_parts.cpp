// The parts of predictions that come from files of other programs: signature databases, the TXT heap, policy data,
// steps of a PCR by hand, the log that a profile is taken from. The first byte chooses.
#include "check.hpp"
#include "measure/efi_signature.hpp"
#include "measure/event_list_json.hpp"
#include "measure/lcp_data.hpp"
#include "measure/pcr_steps.hpp"
#include "measure/profile_from_log.hpp"
#include "measure/txt_heap.hpp"

#include <cstdint>

using namespace bulkhead::measure;

namespace {

void one(char which, std::string_view bytes) {
    switch (which) {
    case 's':
        if (const auto lists = efi::parse_signature_lists(bytes)) {
            std::size_t size = 0;
            for (const efi::Signature& each : *lists) {
                check(each.owner.size() == 16 && each.type.size() == 16 && !each.data.empty());
                check(efi::parse_signature_lists(efi::signature_list(each))->at(0).data == each.data);
                size += each.data.size();
            }
            check(size <= bytes.size());
        }
        break;
    case 'h':
        if (const auto heap = parse_txt_heap(bytes)) {
            check(heap->bios.has_value());
            if (heap->sinit_mle) {
                PlatformProfile profile;
                profile.tpm = TpmVersion::tpm12;
                check(add_heap_facts(profile, *heap).has_value());
                check(missing_facts(profile, needed_facts(profile)).empty());
            }
        }
        break;
    case 'd':
        if (const auto data = parse_lcp_data(bytes)) {
            std::size_t size = 36;
            for (const LcpList& list : data->lists) size += list.bytes.size();
            check(size == bytes.size());
            const auto hash = lcp_policy_hash(*data, Bank::sha1);
            check(!hash || hash->size() == 20);
        }
        break;
    case 'p':
        if (const auto step = parse_pcr_step(bytes, Bank::sha1)) {
            const Digests file = {{Bank::sha1, std::string(20, 'f')}};
            const std::string digest = pcr_step_digest(*step, Bank::sha1, file);
            check(pcr_after(*step, Bank::sha1, std::string(20, '\0'), digest).size() == 20);
        }
        break;
    case 'f':
        if (const auto list = read_event_list(bytes)) {
            const auto found = profile_from_log(*list);
            if (!found) break;
            check(found->missing.size() == missing_facts(found->profile, needed_facts(found->profile)).size());
            const auto again = parse_platform_profile(platform_profile_json(found->profile));
            // Facts of a size that a profile does not take are refused there, not read as something else.
            if (again) check(platform_profile_json(*again) == platform_profile_json(found->profile));
        }
        break;
    default:
        break;
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    one(bytes[0], bytes.substr(1));
    return 0;
}
