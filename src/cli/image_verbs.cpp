#include "cli/verb.hpp"

namespace bulkhead::cli {

const std::vector<Verb>& image_verbs() {
    static const std::vector<Verb> verbs;
    return verbs;
}

} // namespace bulkhead::cli
