// Texts made from the table of verbs: help, man page (scdoc source), bash completion.
#pragma once

#include "cli/verb.hpp"

#include <string>

namespace bulkhead::cli {

std::string overview(bool with_options); // all verbs, a line each
std::string help_for(const Verb& verb);
std::string man_page(); // scdoc(5)
std::string bash_completion();

} // namespace bulkhead::cli
