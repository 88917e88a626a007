// xend's file of resource labels: what is accepted comes back the same when it is written as xend wrote it.
#include "policy/label_file.hpp"

#include <cstdint>
#include <cstdlib>

using namespace bulkhead;

namespace {

std::string quoted(const std::string& text) {
    std::string made = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') made += '\\';
        if (c == '\n')
            made += "\\x0a";
        else
            made += c;
    }
    return made + "'";
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 16384) return 0;
    policy::Problems problems;
    const auto all = policy::read_label_file({reinterpret_cast<const char*>(data), size}, problems);
    if (!problems.none()) return 0;
    std::string text = "resources = {\n";
    for (const policy::LabelFileEntry& entry : all)
        text += "    " + quoted(entry.resource) + ": (" + quoted(entry.type) + ", " + quoted(entry.policy) + ", " +
                quoted(entry.label) + "),\n";
    const auto again = policy::read_label_file(text + "}\n", problems);
    if (!problems.none() || again.size() != all.size()) std::abort();
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i].resource != again[i].resource || all[i].label != again[i].label) std::abort();
    }
    return 0;
}
