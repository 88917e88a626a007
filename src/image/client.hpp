// The test client's image: a tiny Linux guest (PV and PVH) with busybox, a scripted network test (client/init.sh) and a
// shell.
#pragma once

#include "base/result.hpp"
#include "image/service_image.hpp"

namespace bulkhead::image {

Result<BuiltImage> build_client(const ImageOptions& options);

} // namespace bulkhead::image
