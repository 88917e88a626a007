#include "xen/quota.hpp"

#include "base/text.hpp"

#include <string>

namespace bulkhead::xen {
namespace {

constexpr unsigned number_max = 1'000'000'000;

std::optional<unsigned> number(std::string_view text) {
    const auto value = parse_unsigned(text, number_max);
    if (!value) return std::nullopt;
    return static_cast<unsigned>(*value);
}

} // namespace

std::optional<unsigned> quota_number(std::string_view answer, std::string_view name) {
    while (!answer.empty()) {
        const std::size_t end = answer.find('\n');
        const auto parts = words(answer.substr(0, end));
        if (parts.size() >= 3 && parts[0] == name && parts[1] == ":") return number(parts[2]);
        // The name may fill its column: "transaction-nodes:".
        if (parts.size() >= 2 && parts[0] == std::string(name) + ":") return number(parts[1]);
        answer = end == std::string_view::npos ? "" : answer.substr(end + 1);
    }
    return std::nullopt;
}

std::optional<Use> quota_pair(std::string_view answer) {
    const auto parts = words(answer);
    if (parts.size() != 3 || parts[1] != "quota:") return std::nullopt;
    const std::size_t slash = parts[2].find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const auto used = number(parts[2].substr(0, slash));
    const auto limit = number(parts[2].substr(slash + 1));
    if (!used || !limit) return std::nullopt;
    return Use{*used, *limit};
}

Result<Quota> quota_of(Store& store, unsigned domain) {
    Quota quota;
    const auto used = store.control({"quota", std::to_string(domain)});
    if (!used) {
        if (connection_failed(used.error())) return tl::unexpected(used.error());
        return quota;
    }
    if (const auto nodes = quota_pair(*used)) {
        quota.nodes = nodes;
        return quota;
    }
    const auto limits = store.control({"quota"});
    if (!limits && connection_failed(limits.error())) return tl::unexpected(limits.error());
    if (!limits) return quota;
    const auto use = [&](const char* name) -> std::optional<Use> {
        const auto now = quota_number(*used, name);
        const auto limit = quota_number(*limits, name);
        if (!now || !limit) return std::nullopt;
        return Use{*now, *limit};
    };
    quota.nodes = use("nodes");
    quota.watches = use("watches");
    return quota;
}

Result<bool> raise_quota(Store& store, unsigned nodes, unsigned watches) {
    const auto limits = store.control({"quota"});
    if (!limits && connection_failed(limits.error())) return tl::unexpected(limits.error());
    if (!limits || !quota_number(*limits, "nodes")) return false;
    const auto raise = [&](const char* name, unsigned wanted) -> Status {
        if (quota_number(*limits, name).value_or(wanted) >= wanted) return {};
        TRY(store.control({"quota", "set", name, std::to_string(wanted)}));
        return {};
    };
    TRY(raise("nodes", nodes));
    TRY(raise("watches", watches));
    return true;
}

} // namespace bulkhead::xen
