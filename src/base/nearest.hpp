// "Did you mean": the word that a mistyped one was most likely meant to be. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead {

// Within a third of the typed length, at least one slip; nothing is nearer than that: nullopt.
std::optional<std::string> nearest(std::string_view typed, const std::vector<std::string>& words);

// "; did you mean 'memory'?" or an empty text.
std::string did_you_mean(std::string_view typed, const std::vector<std::string>& words);

} // namespace bulkhead
