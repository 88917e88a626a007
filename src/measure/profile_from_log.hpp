// A platform profile out of the log of one launch: what prediction cannot know from files, taken once from a machine of
// the model. Only what the log proves is taken: data that hash to the digest of their event, or the one possible
// small value that does. Pure.
#pragma once

#include "base/result.hpp"
#include "measure/event_list.hpp"
#include "measure/platform_profile.hpp"

#include <string>
#include <vector>

namespace bulkhead::measure {

struct ProfileFromLog {
    PlatformProfile profile;
    struct Gap {
        std::string fact; // a name of the profile
        std::string why;  // what the log lacks
    };
    std::vector<Gap> missing;          // facts that a prediction needs and the log does not tell
    std::vector<std::string> warnings; // what was measured on this machine and no prediction models
};

// Errors: a log without a launch by SINIT; events that contradict each other.
Result<ProfileFromLog> profile_from_log(const EventList& log);

} // namespace bulkhead::measure
