// TypeSet: a set of interned types. Most labels have one or two types and a few, such as Domain-0's, have all of them,
// so a set is a short ascending list, with a bit per type beside it when the list is long.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace bulkhead::policy {

using TypeId = std::uint32_t; // an index into the policy's list of declared types

class TypeSet {
public:
    TypeSet() = default;
    explicit TypeSet(std::vector<TypeId> types); // in any order, duplicates allowed

    [[nodiscard]] const std::vector<TypeId>& types() const { return types_; } // ascending
    [[nodiscard]] bool empty() const { return types_.empty(); }
    [[nodiscard]] bool contains(TypeId type) const;
    [[nodiscard]] bool intersects(const TypeSet& other) const;
    [[nodiscard]] bool includes(const TypeSet& other) const; // other is a subset; the empty set always is
    [[nodiscard]] std::optional<TypeId> first_common(const TypeSet& other) const;
    [[nodiscard]] std::optional<TypeId> first_missing(const TypeSet& other) const; // in other, but not in this

    bool operator==(const TypeSet& other) const { return types_ == other.types_; }

private:
    static constexpr std::size_t few = 16;

    std::vector<TypeId> types_;
    std::vector<std::uint64_t> bits_; // empty when there are at most `few` types
};

} // namespace bulkhead::policy
