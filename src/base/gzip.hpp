// gzip (RFC 1952), for kernels, modules and boot images. Pure.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace bulkhead {

struct Gunzipped {
    std::string bytes;
    std::size_t used = 0; // of the packed bytes; what is behind the stream is the caller's to judge
};

bool is_gzip(std::string_view bytes);

// One stream. More than `limit` bytes of output is an error.
Result<Gunzipped> gunzip(std::string_view packed, std::size_t limit);

} // namespace bulkhead
