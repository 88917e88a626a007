// Bitmap: an owned libxl_bitmap, and its plain form. Private to src/xen.
#pragma once

#include "base/cpu_set.hpp"
#include "xen/libxl.hpp"

#include <cstdlib>

namespace bulkhead::xen {

class Bitmap {
public:
    Bitmap() { libxl_bitmap_init(&map_); }
    // With room for the whole set; libxl aborts without memory, as operator new does.
    Bitmap(libxl_ctx* ctx, const CpuSet& set) : Bitmap() {
        if (libxl_cpu_bitmap_alloc(ctx, &map_, static_cast<int>(set.size())) != 0) std::abort();
        for (std::size_t i = 0; i < set.size(); ++i) {
            if (set[i]) libxl_bitmap_set(&map_, static_cast<int>(i));
        }
    }
    ~Bitmap() { libxl_bitmap_dispose(&map_); }
    Bitmap(const Bitmap&) = delete;
    Bitmap& operator=(const Bitmap&) = delete;

    [[nodiscard]] libxl_bitmap* get() { return &map_; }

private:
    libxl_bitmap map_{};
};

inline CpuSet plain(const libxl_bitmap& map, std::size_t size) {
    CpuSet set(size, false);
    for (std::size_t i = 0; i < size; ++i) set[i] = libxl_bitmap_test(&map, static_cast<int>(i)) != 0;
    return set;
}

} // namespace bulkhead::xen
