#include "measure/gzio.hpp"

#include "base/gzip.hpp"

namespace bulkhead::measure {

Result<std::string> as_loaded(std::string_view file, std::size_t limit) {
    if (!is_gzip(file)) return std::string(file);
    Gunzipped unpacked = TRY(gunzip(file, limit));
    if (unpacked.used != file.size())
        return fail("gzip: " + std::to_string(file.size() - unpacked.used) + " bytes behind the end of the stream");
    return std::move(unpacked.bytes);
}

} // namespace bulkhead::measure
