#include "cli/order.hpp"

#include "cli/client.hpp"

#include <nlohmann/json.hpp>

namespace bulkhead::cli {

Result<int> order(const std::string& verb, const nlohmann::json& request, const Arguments& arguments) {
    const nlohmann::json answer = TRY(ask(verb, request));
    if (arguments.has("json")) print_json(answer);
    return 0;
}

} // namespace bulkhead::cli
