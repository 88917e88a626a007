#include "policy/type_set.hpp"

#include <algorithm>

namespace bulkhead::policy {

TypeSet::TypeSet(std::vector<TypeId> types) : types_(std::move(types)) {
    std::sort(types_.begin(), types_.end());
    types_.erase(std::unique(types_.begin(), types_.end()), types_.end());
    if (types_.size() <= few) return;
    bits_.resize(types_.back() / 64 + 1);
    for (const TypeId type : types_) bits_[type / 64] |= std::uint64_t{1} << (type % 64);
}

bool TypeSet::contains(TypeId type) const {
    if (!bits_.empty()) return type / 64 < bits_.size() && ((bits_[type / 64] >> (type % 64)) & 1) != 0;
    return std::find(types_.begin(), types_.end(), type) != types_.end();
}

bool TypeSet::intersects(const TypeSet& other) const {
    if (bits_.empty() || other.bits_.empty()) return first_common(other).has_value();
    const std::size_t words = std::min(bits_.size(), other.bits_.size());
    for (std::size_t i = 0; i < words; ++i) {
        if ((bits_[i] & other.bits_[i]) != 0) return true;
    }
    return false;
}

bool TypeSet::includes(const TypeSet& other) const {
    return !first_missing(other).has_value();
}

std::optional<TypeId> TypeSet::first_common(const TypeSet& other) const {
    const bool smaller = types_.size() <= other.types_.size();
    const TypeSet& asked = smaller ? other : *this;
    for (const TypeId type : smaller ? types_ : other.types_) {
        if (asked.contains(type)) return type;
    }
    return std::nullopt;
}

std::optional<TypeId> TypeSet::first_missing(const TypeSet& other) const {
    for (const TypeId type : other.types_) {
        if (!contains(type)) return type;
    }
    return std::nullopt;
}

} // namespace bulkhead::policy
