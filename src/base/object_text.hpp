// ObjectText: one flat JSON object, written member by member. For answers with hundreds of objects of which each has a
// dozen members: for the list of a hundred domains, in the lab, 1.4 ms; as values of the JSON library, printed by it,
// 7.3 ms.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bulkhead {

class ObjectText {
public:
    // Keys are written as they are: ASCII without quotation marks and backslashes.
    void truth(std::string_view key, bool value);
    void number(std::string_view key, std::int64_t value);
    void number(std::string_view key, std::uint64_t value);
    void text(std::string_view key, std::string_view value); // from strangers, as json_line() writes it
    std::string end() &&;

private:
    void key(std::string_view name);
    std::string text_ = "{";
};

} // namespace bulkhead
