// The Xen headers that the library bulkhead_xen uses. Only .cpp files of src/xen include this one: no header of Xen has
// extern "C", and nothing above src/xen may see a Xen type.
#pragma once

#define LIBXL_API_VERSION 0x041400 // the newest that 4.17's libxl.h accepts

extern "C" {
#include <libxl.h>
#include <libxl_event.h>
#include <libxl_utils.h>
#include <libxlutil.h>
#include <xentoollog.h>
}

#include <cstdlib>
#include <memory>
#include <string>

namespace bulkhead::xen {

// ~0 in libxl.h, an int that becomes a domid.
constexpr libxl_domid no_domid = static_cast<libxl_domid>(INVALID_DOMID);

// For what libxl returns from malloc.
struct Free {
    void operator()(void* memory) const { std::free(memory); }
};
using CString = std::unique_ptr<char, Free>;

inline std::string text_of(const char* text) {
    return text == nullptr ? std::string() : std::string(text);
}

} // namespace bulkhead::xen
