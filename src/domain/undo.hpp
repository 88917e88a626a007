// Making good what a dead daemon or a dead worker left half-done: one function, all verbs. For workers.
#pragma once

#include "base/result.hpp"
#include "domain/journal.hpp"
#include "xen/context.hpp"

namespace bulkhead::domain {

// What was to be made is removed, what was to be removed is removed for good. No error when nothing is left of it.
Status take_back(xen::Context& xen, const Operation& operation);

// It is about one device: the domain itself lives on, whatever becomes of it.
bool concerns_device(const Operation& operation);

// An operation that failed in good order has to be undone if it makes something; one that takes something away has left
// it as it was.
bool undo_after_failure(const Operation& operation);

} // namespace bulkhead::domain
