// xm's configurations were Python. What of it is constant can be read without Python: NAME = EXPRESSION with integers,
// strings, lists, + - * / %, and variables, one statement on a line. Pure, bounded, no calls.
#pragma once

#include "base/result.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace bulkhead::config {

// Between a file's text and the assignments of the command line, which xm let win over the file's own and which its
// expressions may use.
constexpr std::string_view overrides_mark = "\n#%% given on the command line\n";

// The file as xl.cfg(5) with the same lines. Variables that were only used and for which `is_key` is false are left
// out, and so are names that no key of xl can have. Errors: "SOURCE:LINE:COLUMN: ..."; their code is ENOTSUP where the
// text is Python beyond the above.
Result<std::string> xl_text_of_xm(std::string_view text, const std::string& source,
                                  const std::function<bool(std::string_view)>& is_key);

} // namespace bulkhead::config
