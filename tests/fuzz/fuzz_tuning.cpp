// Sets of processors and amounts of memory that people type; what the kernel says of vifs, whose names others choose.
#include "base/cpu_set.hpp"
#include "base/memory_size.hpp"
#include "domain/local_counters.hpp"

#include <cstdint>
#include <cstdlib>

using namespace bulkhead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::vector<CpuSet> nodes = {{true, true, true, false, false, false},
                                       {false, false, false, true, true, true}};
    const auto set = parse_cpu_set(text, 6, nodes);
    if (set && (set->size() != 6 || parse_cpu_set(cpu_set_text(*set), 6, nodes) != *set)) std::abort();
    const auto memory = parse_memory_kib(text);
    if (memory && (*memory == 0 || parse_memory_kib(std::to_string(*memory) + "k") != *memory)) std::abort();
    (void)domain::parse_vif_counters(text);
    return 0;
}
