#include "cli/verb.hpp"

namespace bulkhead::cli {

const std::vector<Verb>& pci_verbs() {
    static const std::vector<Verb> verbs;
    return verbs;
}

} // namespace bulkhead::cli
