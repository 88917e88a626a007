#include "measure/event_log.hpp"

#include "measure/byte_reader.hpp"
#include "measure/tcg_log.hpp"
#include "measure/txt_log.hpp"

namespace bulkhead::measure {

Result<EventList> parse_event_log(std::string_view bytes) {
    if (bytes.size() > event_log_limit)
        return fail("an event log of " + std::to_string(bytes.size()) + " bytes: at most " +
                    std::to_string(event_log_limit) + " are read");
    if (bytes.empty()) return ByteReader::error(0, "the event log is empty");
    if (is_txt_container(bytes)) return parse_txt_container(bytes);
    if (is_txt_bank_log(bytes)) return parse_txt_bank_log(bytes);
    return parse_tcg_log(bytes);
}

} // namespace bulkhead::measure
