// The network driver domain's image: bulkhead-agent as /init and the modules it needs, nothing else.
#pragma once

#include "base/result.hpp"
#include "image/service_image.hpp"

#include <string>
#include <vector>

namespace bulkhead::image {

struct NdvmOptions : ImageOptions {
    std::vector<std::string> nics = {"e1000e"}; // see nic_table.hpp
    std::string agent;                          // "": find_agent()
    bool debug_shell = false;                   // busybox and a shell on the console: for debugging, never for service
};

// The static bulkhead-agent that belongs to the running program: beside it, in ../lib/bulkhead, or in the build tree
// (../agent).
Result<std::string> find_agent();

Result<BuiltImage> build_ndvm(const NdvmOptions& options);

} // namespace bulkhead::image
