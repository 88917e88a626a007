// Name spaces of one's own without being root outside: there this process is root, and so are programs that it starts.
#pragma once

#include <fstream>
#include <sched.h>
#include <string>
#include <unistd.h>

namespace bulkhead::test {

// `flags`: CLONE_NEWNET, CLONE_NEWNS, ... False with errno when the kernel refuses. A process with one thread only.
inline bool enter_own_namespaces(int flags) {
    if (::geteuid() == 0) return ::unshare(flags) == 0;
    const std::string user = std::to_string(::geteuid()), group = std::to_string(::getegid());
    if (::unshare(CLONE_NEWUSER | flags) != 0) return false;
    // Without a mapping files get no owner, and a program that is started loses every capability (user_namespaces(7)).
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/uid_map") << "0 " + user + " 1";
    std::ofstream("/proc/self/gid_map") << "0 " + group + " 1";
    return ::geteuid() == 0;
}

} // namespace bulkhead::test
