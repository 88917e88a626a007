#include "xen/mac.hpp"

#include <cstdlib>
#include <sys/random.h>

namespace bulkhead::xen {

std::string new_mac() {
    MacAddress mac = {0x00, 0x16, 0x3e};
    // 3 bytes never come short, and only an invalid argument can fail (getrandom(2)).
    if (::getrandom(mac.data() + 3, 3, 0) != 3) std::abort();
    mac[3] &= 0x7f;
    return format_mac(mac);
}

} // namespace bulkhead::xen
