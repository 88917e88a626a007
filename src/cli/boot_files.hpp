// The files and folders behind `measure predict`.
#pragma once

#include "base/fd.hpp"
#include "measure/predict.hpp"

#include <map>
#include <string>
#include <vector>

namespace bulkhead::cli {

// Folders that stand for the file systems which a boot loader sees. Names are looked up as GRUB does: links and ".."
// never lead out of the folder.
class BootFolders : public measure::grub::Files {
public:
    // GRUB's names of devices, without parentheses, to folders.
    static Result<BootFolders> open(const std::map<std::string, std::string>& folders,
                                    std::vector<measure::Bank> banks);

    Result<std::optional<std::string>> content(const std::string& device, const std::string& path) override;
    Result<std::optional<measure::Digests>> digests(const std::string& device, const std::string& path) override;
    Result<Type> type(const std::string& device, const std::string& path) override;

private:
    // nullopt: there is no such file; a device that nobody named is an error.
    [[nodiscard]] Result<std::optional<Fd>> open_file(const std::string& device, const std::string& path) const;

    std::map<std::string, Fd> folders_;
    std::vector<measure::Bank> banks_;
};

// measure::predict() of the description in the file `path`; names in it are relative to its folder.
Result<measure::EventList> predict_from_file(const std::string& path);

} // namespace bulkhead::cli
