// Which shared libraries a set of programs needs, found in unpacked packages as ld.so(8) would find them in the image.
#pragma once

#include "base/result.hpp"

#include <string>
#include <vector>

namespace bulkhead::image {

struct LibraryFile {
    std::string source; // on this machine, symbolic links resolved: a regular file
    std::string path;   // in the image, where the loader looks: "/lib/x86_64-linux-gnu/libc.so.6"
};

// `programs` and `extra` are paths on this machine; `extra` are libraries by soname that programs load by dlopen, which
// no ELF header names
// ("libgcc_s.so.1" for xl). `roots` are searched in order, each as if it were "/": unpacked packages, or "/" itself.
// The program interpreter is part of the result. Scripts and static programs need nothing. Sorted by path, without
// duplicates. An error names the program or library and what it misses.
Result<std::vector<LibraryFile>> library_closure(const std::vector<std::string>& programs,
                                                 const std::vector<std::string>& roots,
                                                 const std::vector<std::string>& extra = {});

// The file behind `path` inside `root`: symbolic links, absolute ones too, stay inside. Empty when there is none.
std::string resolve_in_root(const std::string& root, const std::string& path);

} // namespace bulkhead::image
