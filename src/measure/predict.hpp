// A prediction from a description of the boot: which folders GRUB sees, which images the firmware starts, what tboot
// loads. docs/measure.md describes the file. Pure: what the description names is read through BootFiles.
#pragma once

#include "base/result.hpp"
#include "measure/event_list.hpp"
#include "measure/grub_boot.hpp"

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::measure {

inline constexpr std::size_t description_limit = 1 << 20; // bytes

// The files that a description names, as it names them.
class BootFiles {
public:
    BootFiles() = default;
    BootFiles(const BootFiles&) = delete;
    BootFiles& operator=(const BootFiles&) = delete;
    virtual ~BootFiles() = default;

    // The whole file; more than `limit` bytes are an error.
    virtual Result<std::string> read(const std::string& name, std::size_t limit) = 0;

    // Of the whole file, whatever its size. By read(), unless there is a better way.
    virtual Result<Digests> digests(const std::string& name, std::span<const Bank> banks);

    // What GRUB sees: its names of devices, without parentheses, to names of folders.
    virtual Result<std::unique_ptr<grub::Files>> disks(const std::map<std::string, std::string>& devices,
                                                       std::vector<Bank> banks) = 0;
};

// Unknown keys and missing facts are errors.
Result<EventList> predict(std::string_view description, BootFiles& files);

} // namespace bulkhead::measure
