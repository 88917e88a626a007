// From a Document back to a file. Pure.
#pragma once

#include "policy/document.hpp"

#include <string>

namespace bulkhead::policy {

// XML in the order that the schema wants; read_xml gives the same Document again. Lines do not matter.
std::string write_xml(const Document& document);

} // namespace bulkhead::policy
