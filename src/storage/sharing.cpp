#include "storage/sharing.hpp"

namespace bulkhead::storage {

std::optional<std::string> refusal(const Layers& layers, const Wanted& wanted, const std::vector<Use>& uses) {
    if (wanted.force) return std::nullopt;
    for (const Use& use : uses) {
        if (!wanted.write && !use.write) continue; // any number may read
        if (!layers.overlap(wanted.node, use.node)) continue;
        const bool same = wanted.node == use.node;
        return "'" + wanted.name + "' " + (same ? "is" : "shares storage with what is") + " " + use.what +
               (wanted.write ? "; writing it from two places destroys it: end that use, or give the disk the mode 'w!' "
                               "if you are certain"
                             : ", which writes it: end that use, or make both read-only");
    }
    return std::nullopt;
}

} // namespace bulkhead::storage
