// Small text helpers. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead {

std::string_view trim(std::string_view text);                          // ASCII white space at both ends
std::vector<std::string_view> split(std::string_view text, char mark); // keeps empty parts; "" gives {""}
std::vector<std::string_view> words(std::string_view text);            // runs of non-space
std::string join(const std::vector<std::string>& parts, std::string_view between);

// The whole text as a decimal number of at most `max`; anything else (sign, space, empty, overflow) is nullopt.
std::optional<std::uint64_t> parse_unsigned(std::string_view text, std::uint64_t max = UINT64_MAX);

int hex_digit(char c);                                        // the value of 0-9, a-f or A-F; -1 for anything else
void append_hex(std::string& text, std::uint8_t byte);        // two lower-case digits
std::string to_hex(std::string_view bytes);                   // lower case
std::optional<std::string> from_hex(std::string_view digits); // either case; nullopt for anything else

// Makes text from a stranger safe to print: control characters become \xNN, and it is cut at `limit` bytes.
std::string printable(std::string_view text, std::size_t limit = 512);

} // namespace bulkhead
