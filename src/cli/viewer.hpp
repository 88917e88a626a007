// A guest's screen: where it is, and the program that shows it.
#pragma once

#include "base/result.hpp"
#include "cli/verb.hpp"

#include <string>

namespace bulkhead::cli {

struct VncAddress {
    std::string text; // HOST:DISPLAY, as viewers take it
    std::string host;
    long port = 0;
    std::string password; // empty: none
};
Result<VncAddress> vnc_address(const std::string& domain);

// Becomes vncviewer, or what VNCVIEWER names; returns only with an error. `autopass`: the viewer gets the password on
// its standard input.
Result<int> run_viewer(const std::string& domain, bool autopass);

bool wants_autopass(const Arguments& arguments);

} // namespace bulkhead::cli
