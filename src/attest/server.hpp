// The attestation server: a nonce for who asks, a secret for who proves its state. One thread on base's Loop, several
// clients, each with deadlines; nothing blocks.
#pragma once

#include "attest/enrolment.hpp"
#include "attest/tls.hpp"
#include "base/loop.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace bulkhead::attest {

struct ServerOptions {
    std::string address = "127.0.0.1";               // an address of this host, no name
    std::uint16_t port = 0;                          // 0: the kernel's choice
    std::chrono::milliseconds hello_wait{10'000};    // from the connection to the whole hello
    std::chrono::milliseconds evidence_wait{30'000}; // the nonce's life
    std::chrono::milliseconds answer_wait{10'000};   // until the client has taken the answer
    std::size_t clients = 64;                        // more at once are turned away
};

class Server {
public:
    // `report` gets a line for each verdict and failure: "web1 (192.0.2.7): released". `loop`, `machines` and `tls`
    // outlive the server.
    static Result<std::unique_ptr<Server>> listen(Loop& loop, const TlsContext& tls, const Machines& machines,
                                                  const ServerOptions& options,
                                                  std::function<void(const std::string&)> report);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }

private:
    struct Client;
    Server(Loop& loop, const TlsContext& tls, const Machines& machines, ServerOptions options,
           std::function<void(const std::string&)> report);

    void accept();
    void serve(int fd);        // whatever can be done now
    bool step(Client& client); // false: wait for the socket; the client may be gone
    void take(Client& client); // what was read
    void hello(Client& client, const Hello& hello);
    void evidence(Client& client, const Evidence& evidence);
    void answer(Client& client, const Message& message);
    void deadline(Client& client, std::chrono::milliseconds wait, const char* what);
    void drop(int fd, const std::string& why); // empty: all was said

    Loop& loop_;
    const TlsContext& tls_;
    const Machines& machines_;
    ServerOptions options_;
    std::function<void(const std::string&)> report_;
    Fd socket_;
    std::uint16_t port_ = 0;
    std::map<int, std::unique_ptr<Client>> clients_;
};

} // namespace bulkhead::attest
