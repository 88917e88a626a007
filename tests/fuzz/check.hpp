// For targets that assert more than "it does not crash".
#pragma once

#include <cstdlib>

inline void check(bool holds) {
    if (!holds) std::abort();
}
