// Policies straight from documents, without XML between: for tests that make thousands of them.
#pragma once

#include "policy/policy.hpp"

namespace bulkhead::policy::samples {

PolicyPtr compile(const Document& document); // fails the test unless it is correct

} // namespace bulkhead::policy::samples
