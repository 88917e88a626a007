// What qemu-img and lvm's tools tell about disks, from their JSON. Pure.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace bulkhead::storage {

struct DiskInfo {
    std::string format;          // "raw", "qcow2", "vhd", "lvm", or qemu-img's name of another one
    std::uint64_t size = 0;      // bytes, as a guest sees it
    std::uint64_t allocated = 0; // bytes that it takes now
    std::string backing;         // the disk that it is a snapshot of; empty: none
};

// Of `qemu-img info --output=json`.
Result<DiskInfo> parse_qemu_info(std::string_view text);

// Of `lvs --reportformat json --units b --nosuffix -o lv_size,origin,data_percent`, one volume.
Result<DiskInfo> parse_lvs(std::string_view text);

} // namespace bulkhead::storage
