// What the value of a boot option may look like, as a short text that a table can hold. Pure.
//
// A form is a list of items with a space between them; a value fits an item when it is
//     word          that word
//     word?         an option that is on or off: "word", "no-word" or "word=BOOL"
//     word=A|B      "word=" and one of the alternatives; also with ':' instead of '='
//     <bool> <int> <size>
// BOOL, INT and SIZE are as Xen reads them (docs/misc/xen-command-line.pandoc, "Types of parameter"; parse_bool() of
// xen/common/kernel.c, parse_size_and_unit() of xen/common/lib.c).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host {

std::optional<bool> parse_bool(std::string_view text);            // yes, on, true, enable, 1 and their opposites
std::optional<std::int64_t> parse_integer(std::string_view text); // decimal, 0x hex, 0 octal, '-' before it
// In bytes: an integer without sign and one of B, K, M, G, T; K if there is none.
std::optional<std::uint64_t> parse_size(std::string_view text);

// One value against the items of a form.
bool fits(std::string_view value, std::string_view form);
// Every part of a comma-separated list; the first that does not fit, or nullopt.
std::optional<std::string_view> first_misfit(std::string_view list, std::string_view form);

// What may be written, one text for each item, for messages and for did_you_mean().
std::vector<std::string> examples(std::string_view form);

} // namespace bulkhead::host
