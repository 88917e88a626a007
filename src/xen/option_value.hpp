// What the parsers of spec_options.cpp's keys share: numbers, KEY=VALUE texts, libxl's arrays and strings. Private to
// src/xen.
#pragma once

#include "base/result.hpp"
#include "xen/libxl.hpp"
#include "xen/spec_options.hpp"

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace bulkhead::xen {

constexpr std::size_t option_text_max = 4096; // bytes of one device's text

std::optional<long> number_of(const ConfigValue& value);

void replace(char** target, const std::string& text);

// One more element, initialised, at the end of an array of libxl's. Lack of memory ends the process, as in operator
// new.
template <typename T>
T& extend(T*& array, int& count, void (*init)(T*)) {
    auto* longer = static_cast<T*>(std::realloc(array, sizeof(T) * (static_cast<std::size_t>(count) + 1)));
    if (longer == nullptr) std::abort();
    array = longer;
    T& added = array[count++];
    init(&added);
    return added;
}

// As extend(), with the number that xl gives the device: its place.
template <typename T>
T& extend_devices(T*& array, int& count, void (*init)(T*)) {
    const int devid = count;
    T& added = extend(array, count, init);
    added.devid = devid;
    return added;
}

// Zeroed memory that libxl will free, for at least one element.
template <typename T>
T* zeroed(std::size_t count) {
    auto* memory = static_cast<T*>(std::calloc(count == 0 ? 1 : count, sizeof(T)));
    if (memory == nullptr) std::abort();
    return memory;
}

libxl_string_list string_list(const std::vector<std::string>& texts);

// Where a word of a text goes. A defbool and a bool take any number, as xl; anything else than 0 is true.
using Slot = std::variant<char**, libxl_defbool*, int*, std::uint32_t*, std::uint8_t*, bool*,
                          std::function<Status(const std::string& value)>>;
struct Field {
    const char* key;
    Slot slot;
};

// "KEY=VALUE,KEY=VALUE", as xl takes it: blanks before a key and empty words do not matter. Errors name the word. Where
// xl passes over words that it does not know, `unknown` collects them instead.
Status read_fields(std::string_view text, const std::vector<Field>& fields, OptionNotes* unknown = nullptr);
Status set_field(std::string_view word, const std::vector<Field>& fields);

} // namespace bulkhead::xen
