// A FakeXenstored in a process of its own: one with threads had better not fork workers.
#pragma once

#include "support/fake_xenstored.hpp"

#include <csignal>
#include <gtest/gtest.h>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bulkhead::test {

class XenstoredProcess {
public:
    explicit XenstoredProcess(const std::string& path) {
        int ready[2] = {-1, -1};
        EXPECT_EQ(::pipe(ready), 0);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            FakeXenstored xenstored;
            xenstored.listen(path, 0);
            (void)!::write(ready[1], "", 1);
            for (;;) ::pause();
        }
        ::close(ready[1]);
        char byte = 0;
        EXPECT_EQ(::read(ready[0], &byte, 1), 1);
        ::close(ready[0]);
    }
    ~XenstoredProcess() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    XenstoredProcess(const XenstoredProcess&) = delete;
    XenstoredProcess& operator=(const XenstoredProcess&) = delete;

private:
    pid_t pid_ = -1;
};

} // namespace bulkhead::test
