// JSON for one line of a stream, of the journal or of a frame.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace bulkhead {

// Without a line end. Names come from strangers and need not be UTF-8: what is not becomes U+FFFD.
std::string json_line(const nlohmann::json& value);

} // namespace bulkhead
