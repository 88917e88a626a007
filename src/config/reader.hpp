// Reader: typed values out of a configuration tree, each error with file, line and key. Pure.
#pragma once

#include "base/result.hpp"
#include "xen/xlcfg.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::config {

class Reader {
public:
    explicit Reader(const xen::ConfigTree& tree) : tree_(tree) {}

    // nullopt: the key is not there.
    Result<std::optional<std::string>> text(std::string_view key) const;
    Result<std::optional<long>> number(std::string_view key, long least, long most) const; // C's notations, as xl
    Result<std::optional<bool>> flag(std::string_view key) const; // as xl: any other number than 0 is true
    // A list of strings; empty when the key is not there.
    Result<std::vector<const xen::ConfigValue*>> texts(std::string_view key) const;

    // "FILE:LINE: KEY: WHAT"
    [[nodiscard]] tl::unexpected<Error> error(std::string_view key, unsigned line, const std::string& what) const;
    [[nodiscard]] tl::unexpected<Error> error(std::string_view key, const std::string& what) const;

private:
    const xen::ConfigTree& tree_;
};

} // namespace bulkhead::config
