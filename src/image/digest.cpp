#include "image/digest.hpp"

#include "base/text.hpp"
#include "measure/hash_file.hpp"

#include <array>

namespace bulkhead::image {

using measure::Bank;

std::string sha256(std::string_view bytes) {
    return to_hex(measure::hash(Bank::sha256, bytes));
}

Result<std::string> sha256_file(const std::string& path) {
    return to_hex(TRY(measure::hash_file(path, std::array{Bank::sha256})).at(Bank::sha256));
}

} // namespace bulkhead::image
