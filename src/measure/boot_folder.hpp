// Folders that stand for the file systems which a boot loader sees, and the digests of files in one pass. With
// predict.hpp the only part of src/measure that opens files.
#pragma once

#include "base/fd.hpp"
#include "measure/grub_boot.hpp"

#include <map>
#include <string>
#include <vector>

namespace bulkhead::measure {

// Digests of everything behind the file's offset, read once for all banks.
Result<Digests> file_digests(const Fd& file, std::span<const Bank> banks);

// Names are looked up as GRUB does: links and ".." never lead out of the folder.
class BootFolders : public grub::Files {
public:
    // GRUB's names of devices, without parentheses, to folders.
    static Result<BootFolders> open(const std::map<std::string, std::string>& folders, std::vector<Bank> banks);

    Result<std::optional<std::string>> content(const std::string& device, const std::string& path) override;
    Result<std::optional<Digests>> digests(const std::string& device, const std::string& path) override;
    Result<Type> type(const std::string& device, const std::string& path) override;

private:
    // nullopt: there is no such file; a device that nobody named is an error.
    [[nodiscard]] Result<std::optional<Fd>> open_file(const std::string& device, const std::string& path) const;

    std::map<std::string, Fd> folders_;
    std::vector<Bank> banks_;
};

} // namespace bulkhead::measure
