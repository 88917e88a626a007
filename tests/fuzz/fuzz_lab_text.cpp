// Text that the lab reads: consoles, its state file, /proc, QEMU's lists, dom0's command line.
#include "lab/diagnose.hpp"
#include "lab/init/system.hpp"
#include "lab/log.hpp"
#include "lab/machine.hpp"
#include "lab/options.hpp"
#include "lab/state.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bulkhead::lab;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    (void)find_fatal(text);
    const std::string why = explain_death({std::string(text), std::string(text), std::string(text)});
    for (const char c : why) {
        if (static_cast<unsigned char>(c) < 0x20 && c != '\n') std::abort(); // made safe to print
    }
    if (const auto state = decode_state(text); state && state->pid <= 1) std::abort();
    (void)parse_process_start(text);
    (void)has_virtualisation(text);
    (void)available_memory(text);
    (void)parse_lab_settings(text);
    (void)guest_line(text, "ndvm");
    if (check_name(text) && (text.find('/') != std::string_view::npos || text.front() == '.')) std::abort();
    return 0;
}
