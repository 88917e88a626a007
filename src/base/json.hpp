// JSON for one line of a stream, of the journal or of a frame, and JSON from strangers.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace bulkhead {

// Without a line end. Names come from strangers and need not be UTF-8: what is not becomes U+FFFD.
std::string json_line(const nlohmann::json& value);

// Exactly one object, of at most `limit` bytes and 32 levels; anything else is an error. `object` is an output
// parameter because Result cannot hold a type that is only declared here.
Status parse_json_object(std::string_view text, std::size_t limit, nlohmann::json& object);

} // namespace bulkhead
