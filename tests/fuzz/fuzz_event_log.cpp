// Event logs of every format and event lists as JSON: what parses replays, survives JSON and equals itself.
#include "measure/diff.hpp"
#include "measure/event_list_json.hpp"
#include "measure/event_log.hpp"
#include "measure/replay.hpp"

#include <cstdint>
#include <cstdlib>

using namespace bulkhead::measure;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto list = read_event_list(bytes);
    if (!list) {
        if (list.error().message.empty()) std::abort();
        return 0;
    }
    const PcrValues values = replay(*list);
    pcrs_yaml(values);
    for (const Event& event : list->events) describe(event);
    const auto again = read_event_list(event_list_json(*list));
    if (!again || replay(*again) != values) std::abort();
    const auto comparison = compare(*list, *again, "a", "b");
    if (list->banks.empty() ? comparison.has_value() : !comparison->differences.empty()) std::abort();
    return 0;
}
