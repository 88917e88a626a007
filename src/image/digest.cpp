#include "image/digest.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "measure/hash.hpp"

#include <fcntl.h>

namespace bulkhead::image {

using measure::Bank;

std::string sha256(std::string_view bytes) {
    return to_hex(measure::hash(Bank::sha256, bytes));
}

Result<std::string> sha256_file(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return fail_errno(path);
    measure::Hasher hasher(std::array{Bank::sha256});
    const auto take = [&](std::string_view part) -> Status {
        hasher.update(part);
        return {};
    };
    TRY(context(read_parts(file, take), path));
    return to_hex(hasher.finish().at(Bank::sha256));
}

} // namespace bulkhead::image
