// What `measure lcp` says of a policy data file.
#pragma once

#include "measure/lcp_data.hpp"

#include <nlohmann/json.hpp>

namespace bulkhead::cli {

nlohmann::ordered_json lcp_data_report(const measure::LcpData& data);

} // namespace bulkhead::cli
