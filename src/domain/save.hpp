// Saving a domain to a file and what undoes it half-way. For workers.
#pragma once

#include "base/result.hpp"
#include "domain/backend.hpp"
#include "domain/journal.hpp"
#include "xen/context.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace bulkhead::domain {

enum class AfterSave { destroy, run, pause };

struct SaveRequest {
    unsigned domain = 0;
    DomainRecord record;
    std::vector<PendingVif> pending; // of its vifs
    std::string file;                // absolute; one that is there is replaced when the new one is whole
    AfterSave after = AfterSave::destroy;
    std::optional<xen::LabelSpec> label; // of the mandatory policy, as it is now
};

struct SaveHooks {
    Progress progress;                                       // "12 of 256 MiB", and other words
    std::function<Status(const std::string& detail)> intent; // what undo_save() needs
};

// The file is written beside its place under another name and takes its place when it is on the disk; then the domain
// goes. After an error undo_save() must be called with the last detail.
Status save(xen::Context& xen, const SaveRequest& request, const SaveHooks& hooks);

// A save that failed or whose worker died: when the file was whole it is finished, otherwise the file goes and the
// domain, if it is still there, runs on.
Status undo_save(xen::Context& xen, std::optional<unsigned> domain, const std::string& detail);

} // namespace bulkhead::domain
