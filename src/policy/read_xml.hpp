// From a policy file's bytes to a Document. Pure: opens no file and no connection, whatever the bytes say.
#pragma once

#include "policy/document.hpp"
#include "policy/problems.hpp"

#include <optional>
#include <string_view>

namespace bulkhead::policy {

// Reads UTF-8 XML and compares its structure with security_policy.xsd, adding what is wrong to `problems`; what could
// be read is returned in any case. Document type declarations are refused, and with them entities of all kinds;
// xsi:schemaLocation is not followed. Bounded by the limits in document.hpp.
std::optional<Document> read_xml(std::string_view bytes, Problems& problems);

} // namespace bulkhead::policy
