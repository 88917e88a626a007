// The messages between the command line and the daemon: JSON, one object per line, over a Unix socket. Pure, bounded.
//
// Request: {"version":1,"verb":"create","arguments":{...}}
// Answer:  any number of {"progress":"..."}, then one {"result":...} or {"error":{"message":"...","code":2}}.
// Requests on one connection are answered in their order.
#pragma once

#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace bulkhead::api {

constexpr int version = 1;
constexpr std::size_t request_size_max = 1 << 20; // a configuration is at most 256 KiB, and JSON may double it
constexpr std::size_t answer_size_max = 32 << 20;

struct Request {
    std::string verb;
    std::string arguments; // a JSON object, as text
};

struct Answer {
    enum class Kind { progress, result, error } kind = Kind::result;
    std::string text; // of progress: what happens; of result: JSON
    Error error;      // of error
};

// Every printed message ends with its newline. `arguments` and `json` must be JSON without newlines.
std::string print_request(const Request& request);
std::string print_progress(std::string_view text);
std::string print_result(std::string_view json);
std::string print_error(const Error& error);

// A line without its newline.
Result<Request> parse_request(std::string_view line);
Result<Answer> parse_answer(std::string_view line);

// Cuts a stream into lines.
class LineReader {
public:
    explicit LineReader(std::size_t limit) : limit_(limit) {}
    void add(std::string_view bytes) { buffer_.append(bytes); }
    // nullopt: no whole line yet. An error: a line longer than the limit; the stream is then useless.
    Result<std::optional<std::string>> next();
    [[nodiscard]] bool empty() const { return buffer_.empty(); }
    [[nodiscard]] std::size_t size() const { return buffer_.size(); }

private:
    std::size_t limit_;
    std::size_t searched_ = 0; // no newline before here
    std::string buffer_;
};

// Where the daemon listens: $BULKHEAD_SOCKET or /run/bulkhead/bulkheadd.sock.
std::string socket_path();

} // namespace bulkhead::api
