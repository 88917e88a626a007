// `dump-core`: a domain's memory in a file that is there whole or not at all. For worker processes.
#pragma once

#include "base/result.hpp"
#include "xen/context.hpp"
#include "xen/domain.hpp"

#include <functional>
#include <string>

namespace bulkhead::domain {

// Writes what libxl_domain_core_dump() writes to `path` (absolute; an older file is replaced, mode 0600). The file has
// no name until it is whole, so a worker that is killed leaves nothing; file systems that cannot do so (O_TMPFILE) are
// refused, as is one without room. `progress` is told at most twice a second, from another
// thread.
Status dump_core(xen::Context& xen, const xen::DomainInfo& domain, const std::string& path,
                 const std::function<void(const std::string&)>& progress);

} // namespace bulkhead::domain
