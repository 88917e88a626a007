// What a launch by TXT reads from files: modules, tboot, policies, profiles; and PE images of the firmware. The first
// byte chooses.
#include "check.hpp"
#include "measure/acm.hpp"
#include "measure/authenticode.hpp"
#include "measure/gzio.hpp"
#include "measure/lcp.hpp"
#include "measure/mle.hpp"
#include "measure/tboot_policy.hpp"
#include "measure/txt_launch.hpp"

#include <cstdint>

using namespace bulkhead::measure;

namespace {

void one(char which, std::string_view bytes) {
    constexpr Bank banks[] = {Bank::sha1};
    switch (which) {
    case 'a':
        if (const auto acm = measure_acm(bytes)) check(acm->sha1.size() == 20);
        break;
    case 'e':
        if (const auto digests = authenticode(banks, bytes)) check(digests->at(Bank::sha1).size() == 20);
        break;
    case 'g':
        if (const auto plain = as_loaded(bytes, 1 << 20))
            check(plain->size() <= (1 << 20) || plain->size() <= bytes.size());
        break;
    case 'l':
        if (const auto policy = parse_lcp_policy(bytes)) check(bytes.size() == 54 || bytes.size() >= 58);
        break;
    case 'm':
        if (const auto mle = parse_mle(bytes); mle && mle->image.size() < (1 << 20))
            check(mle_hash(banks, *mle, bytes) == mle_hash(banks, *mle, bytes));
        break;
    case 'p':
        if (const auto policy = parse_tboot_policy(bytes)) {
            const auto again = parse_tboot_policy(tboot_policy_bytes(*policy));
            check(again && again->entries == policy->entries);
            for (std::size_t i = 0; i < 4; ++i) check(policy->find(i) == again->find(i) || again->find(i) != nullptr);
        }
        break;
    case 'j':
        if (const auto profile = parse_platform_profile(bytes))
            check(!profile->bios_acm_id || profile->bios_acm_id->size() == 20);
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
