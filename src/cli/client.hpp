// The command line's end of the local API: one connection, one request at a time.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <chrono>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace bulkhead::cli {

class Client {
public:
    // Connects to the daemon. Errors say how to start it, or that this is no Xen host.
    static Result<Client> open();
    static Result<Client> open(const std::string& path);

    // Sends the request and waits for its answer; progress is shown on stderr as it comes, unless quiet.
    Result<nlohmann::json> call(const std::string& verb, const nlohmann::json& arguments);
    // The two halves of call().
    Status send(const std::string& verb, const nlohmann::json& arguments);
    // ETIMEDOUT when nothing came until `end`.
    Result<nlohmann::json> receive(std::optional<std::chrono::steady_clock::time_point> end = std::nullopt);
    void set_quiet(bool quiet) { quiet_ = quiet; }
    // Takes the progress instead of stderr.
    void on_progress(std::function<void(const std::string&)> take) { take_ = std::move(take); }

private:
    explicit Client(Fd socket) : socket_(std::move(socket)) {}
    Fd socket_;
    bool quiet_ = false;
    std::function<void(const std::string&)> take_;
};

// Opens a client and makes one call.
Result<nlohmann::json> ask(const std::string& verb, const nlohmann::json& arguments);

// Indented, on stdout.
void print_json(const nlohmann::json& value);
void print_json(const nlohmann::ordered_json& value);

} // namespace bulkhead::cli
