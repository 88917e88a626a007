#include "base/json.hpp"

#include <nlohmann/json.hpp>

namespace bulkhead {

std::string json_line(const nlohmann::json& value) {
    return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

} // namespace bulkhead
