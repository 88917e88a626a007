// /etc/default/grub from a stranger: read, put on command lines, and its words checked; what is accepted must come back
// from the file that we would write.
#include "host/boot_options.hpp"
#include "host/grub_defaults.hpp"
#include "host/sh_assignments.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using namespace bulkhead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 8192) return 0;
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto lines = host::read_boot_lines({{"f", text}});
    if (!lines) {
        if (!lines.error().message.starts_with("f:")) std::abort();
        return 0;
    }
    const auto last = static_cast<unsigned>(1 + std::count(text.begin(), text.end(), '\n'));
    host::OwnOptions own;
    for (const host::ShownWord& shown : host::examine(*lines)) {
        if (shown.word.line == 0 || shown.word.line > last) std::abort();
        const auto placed = host::place_word(shown.word.text);
        if (placed) own.words(placed->side).push_back(placed->text);
    }
    const auto again = host::read_own(host::write_own(own), "own");
    if (!again || *again != own) std::abort();
    (void)host::read_own(text, "f");
    return 0;
}
