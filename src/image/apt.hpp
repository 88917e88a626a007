// The three questions that we ask apt, by its programs: their answers are read, their complaints explained.
#pragma once

#include "base/result.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::image {

// Downloads the .deb of each package into `directory`; apt checks them against its signed lists. Works without root.
Status apt_download(const std::vector<std::string>& packages, const std::string& directory);

// The version that a download would bring, for each package, in the form of apt's file names: ':' is "%3a".
Result<std::map<std::string, std::string>> apt_versions(const std::vector<std::string>& packages,
                                                        const std::string& directory);

// The packages that `package` depends on, first alternatives only.
Result<std::vector<std::string>> apt_depends(const std::string& package);

// What apt's complaint (stderr under LC_ALL=C) means for the person in front of it, and what to do. Pure.
// `have_lists`: whether apt has any package list at all.
Error explain_apt(std::string_view complaint, bool have_lists);

} // namespace bulkhead::image
