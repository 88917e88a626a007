// A saved domain's file on the disk. libxl writes and reads the stream in it directly; beside it, in a thread of their
// own, the checksums are made and compared from the page cache. For workers.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "domain/backend.hpp"
#include "domain/saved_image.hpp"

#include <functional>
#include <string>

namespace bulkhead::domain {

// Writes the whole file: `stream` must write libxl's stream to the descriptor from its present offset on. `file` is
// open for reading and writing, and empty. Progress: "12 of 256 MiB".
Status write_saved_file(const Fd& file, const SavedHeader& header, const std::function<Status(int file)>& stream,
                        const Progress& progress);

class SavedFile {
public:
    // The file is all there; its stream is not looked at yet.
    static Result<SavedFile> open(const std::string& path);
    [[nodiscard]] const SavedHeader& header() const { return image_.header; }

    // Calls `build` with a descriptor that stands at libxl's stream. Once. An error may come although `build` made a
    // domain, which must not run then: the stream is damaged.
    Result<unsigned> feed(const std::function<Result<unsigned>(int stream)>& build, const Progress& progress);

private:
    SavedFile(Fd file, std::string path, SavedImage image)
        : file_(std::move(file)), path_(std::move(path)), image_(std::move(image)) {}

    Fd file_;
    std::string path_;
    SavedImage image_;
};

} // namespace bulkhead::domain
