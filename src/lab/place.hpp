// Place: the folder of a running lab: ${XDG_RUNTIME_DIR:-/tmp/bulkhead-$UID}/bulkhead/lab/NAME, readable by its owner
// only. It holds sockets, logs and the state file, and is gone after `lab down`.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <string>
#include <vector>

namespace bulkhead::lab {

// The folder of all labs of this user. Created when missing; an error when it belongs to somebody else.
Result<std::string> labs_folder();
// Names of the labs that have a folder, sorted.
Result<std::vector<std::string>> lab_names();

class Place {
public:
    // The name must have passed check_name(). Nothing is created.
    static Result<Place> of(const std::string& name);

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const std::string& folder() const { return folder_; }
    [[nodiscard]] std::string path(const std::string& file) const { return folder_ + "/" + file; }
    [[nodiscard]] bool there() const;

    // Creates the folder and locks it against others who would start or remove this lab; released with the Fd.
    // EEXIST when it is there already.
    Result<Fd> create() const;
    // Locks an existing folder; EWOULDBLOCK when somebody else holds it.
    Result<Fd> lock() const;
    // Removes the folder with everything in it. No error when it is not there.
    Status remove() const;

    // Connects to a Unix socket in the folder, whatever the length of the folder's path.
    Result<Fd> connect(const std::string& socket) const;

private:
    Place(std::string name, std::string folder) : name_(std::move(name)), folder_(std::move(folder)) {}
    std::string name_, folder_;
};

} // namespace bulkhead::lab
