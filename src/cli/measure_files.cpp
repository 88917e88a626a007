#include "cli/measure_files.hpp"

#include "base/file.hpp"
#include "measure/event_list_json.hpp"
#include "measure/event_log.hpp"

namespace bulkhead::cli {

Result<measure::EventList> read_list_file(const std::string& path) {
    const std::string bytes = TRY(read_file(path, measure::event_log_limit));
    return context(measure::read_event_list(bytes), path);
}

Result<measure::PcrValues> read_pcr_state(const std::string& path, const measure::PcrSelection& selection) {
    const std::string bytes = TRY(read_file(path, measure::event_log_limit));
    if (bytes.size() == measure::concatenated_size(selection)) return measure::split_values(selection, bytes);
    const measure::EventList list = TRY(context(measure::read_event_list(bytes), path));
    return context(measure::selected_values(list, selection), path);
}

} // namespace bulkhead::cli
