// dom0's files: Xen, a kernel and an initramfs, made from Debian packages and our programs. No root, no mounts.
//
// The part that comes from packages is kept in the cache under the hash of what it was made from; our programs and the
// guests' images, which change all the time, are appended to it as a second archive (the kernel unpacks one after the
// other: Documentation/driver-api/early-userspace/buffer-format.rst).
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "lab/options.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::lab {

struct Dom0Files {
    std::string xen;                // multiboot ELF, in the cache
    std::string kernel;             // vmlinux, in the cache
    std::string base;               // initramfs, uncompressed, in the cache
    std::vector<std::string> parts; // the same, of each part that was asked for
    std::string xen_version, kernel_version;
};

using Progress = std::function<void(std::string_view)>;

// Fetches packages and makes what the cache does not hold yet.
Result<Dom0Files> prepare_dom0(const LabOptions& options, const Progress& progress);

// Base, parts, our programs and the images in one anonymous file (memfd): QEMU reads it once at its start, by its name
// /proc/PID/fd/N, and nothing of it can be left behind.
Result<Fd> make_initramfs(const Dom0Files& files, const LabOptions& options);

} // namespace bulkhead::lab
