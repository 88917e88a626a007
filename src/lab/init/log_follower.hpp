// LogFollower: copies what is written to the log files of some folders to an Outlet, as lines "[NAME] text".
// NAME is the file's name without "guest-" and ".log". A file that has grown large is emptied once it has been copied:
// dom0's root file system is memory, and a guest can print for ever.
#pragma once

#include "base/fd.hpp"
#include "base/loop.hpp"
#include "base/result.hpp"
#include "lab/init/outlet.hpp"

#include <map>
#include <string>
#include <sys/types.h>

namespace bulkhead::lab {

class LogFollower {
public:
    LogFollower(Loop& loop, Outlet& outlet) : loop_(loop), outlet_(outlet) {}
    LogFollower(const LogFollower&) = delete;
    LogFollower& operator=(const LogFollower&) = delete;

    Status start();
    Status follow(const std::string& folder); // which must exist

private:
    struct File {
        off_t position = 0;
        std::string line; // its last line as long as it has no end
    };

    void copy(const std::string& path, File& file);
    void copy_all();

    Loop& loop_;
    Outlet& outlet_;
    Fd inotify_;
    std::map<int, std::string> folders_; // by inotify watch
    std::map<std::string, File> files_;  // by path
    bool behind_ = false;                // something was left where it is because the outlet was full
};

} // namespace bulkhead::lab
