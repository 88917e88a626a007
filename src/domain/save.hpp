// Saving a domain to a file and what undoes it half-way; reading the file back. For workers.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "domain/backend.hpp"
#include "domain/journal.hpp"
#include "domain/saved_image.hpp"
#include "xen/context.hpp"

#include <functional>
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
};

struct SaveHooks {
    Progress progress;                                       // "12 of 256 MiB", and other words
    std::function<Status(const std::string& detail)> intent; // what undo_save() needs
};

// The file is written beside its place under another name and takes its place when it is on the disk; then the domain
// goes. After an error undo_save() must be called with the last detail.
Status save(xen::Context& xen, const SaveRequest& request, const SaveHooks& hooks);

// A save that failed or whose worker died: when the file was whole it is finished, otherwise the file goes and the
// domain runs on.
Status undo_save(xen::Context& xen, unsigned domain, const std::string& detail);

// A saved domain on the disk.
class SavedFile {
public:
    // Reads the header, and looks whether the file is all there.
    static Result<SavedFile> open(const std::string& path);
    [[nodiscard]] const SavedHeader& header() const { return header_; }

    // Calls `build` with a descriptor from which libxl's stream can be read, each part checked before it comes out.
    // Once. An error may come although `build` made a domain: what is behind the stream's end is checked, too.
    Result<unsigned> feed(const std::function<Result<unsigned>(int stream)>& build, const Progress& progress);

private:
    SavedFile(Fd file, std::string path);
    Status pump(int stream, const Progress& progress);

    Fd file_;
    std::string path_;
    SavedReader reader_;
    SavedHeader header_;
};

} // namespace bulkhead::domain
