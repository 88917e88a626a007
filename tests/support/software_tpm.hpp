// A TPM 2.0 of one's own: swtpm on two ports of the loopback, gone with its owner.
#pragma once

#include "base/file.hpp"
#include "base/process.hpp"

#include <arpa/inet.h>
#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <memory>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace bulkhead::test {

class SoftwareTpm {
public:
    SoftwareTpm() {
        folder_ = ::testing::TempDir() + "swtpm-XXXXXX";
        if (::mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("no folder for swtpm");
        start();
    }
    SoftwareTpm(const SoftwareTpm&) = delete;
    SoftwareTpm& operator=(const SoftwareTpm&) = delete;
    ~SoftwareTpm() {
        stop();
        std::filesystem::remove_all(folder_);
    }

    // As a power cycle: the state of the keys stays, PCRs and what is loaded do not.
    void restart() {
        stop();
        start();
    }

    [[nodiscard]] std::string tcti() const { return "swtpm:host=127.0.0.1,port=" + std::to_string(port_); }
    [[nodiscard]] std::string control() const { return "127.0.0.1:" + std::to_string(port_ + 1); }
    [[nodiscard]] std::string file(const std::string& name) const { return folder_ + "/" + name; }

    // A program of tpm2-tools, or another one that reads TPM2TOOLS_TCTI.
    [[nodiscard]] Result<std::string> tool(const std::vector<std::string>& arguments) const {
        ::setenv("TPM2TOOLS_TCTI", tcti().c_str(), 1); // NOLINT(concurrency-mt-unsafe): tests have one thread here
        auto said = run_checked(arguments, std::chrono::seconds(60), {}, folder_);
        // Without a resource manager a tool leaves what it loaded in one of the three places.
        static_cast<void>(run({"tpm2_flushcontext", "-t"}, std::chrono::seconds(60)));
        return said;
    }

    // A command of the TPM as it is, at the locality that swtpm was told; it must succeed.
    void raw_command(const std::string& command) const {
        const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const sockaddr_in address = loopback(port_);
        ASSERT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        ASSERT_TRUE(write_all(socket.get(), command));
        char header[10] = {}; // tag, size, code
        ASSERT_EQ(::recv(socket.get(), header, sizeof header, MSG_WAITALL), 10);
        EXPECT_EQ(std::string(header + 6, 4), std::string(4, '\0')) << "the TPM refuses the command";
        // The rest is read too: closing a socket with unread bytes would reset it.
        const std::size_t size = static_cast<unsigned char>(header[4]) * 256U + static_cast<unsigned char>(header[5]);
        std::string rest(size - sizeof header, '\0');
        ASSERT_EQ(::recv(socket.get(), rest.data(), rest.size(), MSG_WAITALL), static_cast<ssize_t>(rest.size()));
    }

private:
    static bool answers(int port) {
        const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const sockaddr_in address = loopback(port);
        return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    }
    static sockaddr_in loopback(int port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return address;
    }
    // The kernel's choice for the first; the second must be the next one (tcti-swtpm expects it there).
    static int free_ports() {
        const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address = loopback(0);
        socklen_t size = sizeof address;
        if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size) != 0) return 0;
        ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
        return ntohs(address.sin_port);
    }
    void start() {
        for (int attempt = 0; attempt < 20; ++attempt) {
            port_ = free_ports();
            SpawnOptions options;
            options.die_with_parent = true;
            auto child = spawn({"swtpm", "socket", "--tpm2", "--tpmstate", "dir=" + folder_, "--server",
                                "type=tcp,port=" + std::to_string(port_), "--ctrl",
                                "type=tcp,port=" + std::to_string(port_ + 1), "--flags", "not-need-init,startup-clear"},
                               options);
            if (!child) throw std::runtime_error(child.error().message + " (scripts/install-deps)");
            child_ = std::make_unique<Child>(std::move(*child));
            for (int wait = 0; wait < 2000 && ::waitpid(child_->pid(), nullptr, WNOHANG) == 0; ++wait) {
                if (answers(port_ + 1)) return;
                ::poll(nullptr, 0, 5); // until it listens
            }
            static_cast<void>(child_->release()); // ended, and reaped: somebody else had a port
        }
        throw std::runtime_error("swtpm does not start");
    }
    void stop() { child_.reset(); }

    std::string folder_;
    int port_ = 0;
    std::unique_ptr<Child> child_;
};

} // namespace bulkhead::test
