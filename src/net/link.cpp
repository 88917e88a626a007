#include "net/link.hpp"

#include <algorithm>

namespace bulkhead::net {

bool valid_link_name(std::string_view name) {
    if (name.empty() || name.size() > 15 || name == "." || name == "..") return false;
    return std::all_of(name.begin(), name.end(),
                       [](char c) { return c > ' ' && c < '\x7f' && c != '/' && c != ':' && c != '%'; });
}

} // namespace bulkhead::net
