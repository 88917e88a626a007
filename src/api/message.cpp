#include "api/message.hpp"

#include "base/json.hpp"
#include "base/text.hpp"

#include <cstdlib>
#include <nlohmann/json.hpp>

namespace bulkhead::api {
namespace {

using nlohmann::json;

Result<json> parse_object(std::string_view line, std::size_t limit) {
    json object;
    TRY(parse_json_object(line, limit, object));
    return object;
}

} // namespace

std::string print_request(const Request& request) {
    return "{\"version\":" + std::to_string(version) + ",\"verb\":" + json_line(json(request.verb)) +
           ",\"arguments\":" + request.arguments + "}\n";
}

std::string print_progress(std::string_view text) {
    return json_line({{"progress", std::string(text)}}) + "\n";
}

std::string print_result(std::string_view text) {
    return "{\"result\":" + std::string(text) + "}\n";
}

std::string print_error(const Error& error) {
    return json_line({{"error", {{"message", error.message}, {"code", error.code}}}}) + "\n";
}

Result<Request> parse_request(std::string_view line) {
    const json object = TRY(parse_object(line, request_size_max));
    const auto number = object.find("version");
    if (number == object.end() || !number->is_number_integer()) return fail("the request has no version");
    if (*number != version) {
        return fail("the request speaks version " + number->dump() + " of the protocol, this bulkheadd version " +
                    std::to_string(version) + "; restart bulkheadd after an upgrade");
    }
    const auto verb = object.find("verb");
    if (verb == object.end() || !verb->is_string()) return fail("the request has no verb");
    const auto arguments = object.find("arguments");
    if (arguments != object.end() && !arguments->is_object()) return fail("the request's arguments are not an object");
    return Request{verb->get<std::string>(), arguments == object.end() ? "{}" : json_line(*arguments)};
}

Result<Answer> parse_answer(std::string_view line) {
    const json object = TRY(parse_object(line, answer_size_max));
    Answer answer;
    if (const auto progress = object.find("progress"); progress != object.end() && progress->is_string()) {
        answer.kind = Answer::Kind::progress;
        answer.text = progress->get<std::string>();
        return answer;
    }
    if (const auto result = object.find("result"); result != object.end()) {
        answer.text = json_line(*result);
        return answer;
    }
    const auto error = object.find("error");
    if (error == object.end() || !error->is_object()) return fail("an answer of unknown kind");
    const auto message = error->find("message");
    const auto code = error->find("code");
    if (message == error->end() || !message->is_string()) return fail("an error without a message");
    answer.kind = Answer::Kind::error;
    answer.error.message = message->get<std::string>();
    if (code != error->end() && code->is_number_integer()) answer.error.code = code->get<int>();
    return answer;
}

Result<std::optional<std::string>> LineReader::next() {
    const std::size_t end = buffer_.find('\n', searched_);
    if (end == std::string::npos) {
        searched_ = buffer_.size();
        if (buffer_.size() > limit_) return fail("a line of more than " + std::to_string(limit_) + " bytes");
        return std::optional<std::string>();
    }
    if (end > limit_) return fail("a line of more than " + std::to_string(limit_) + " bytes");
    std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end + 1);
    searched_ = 0;
    return std::optional<std::string>(std::move(line));
}

std::string socket_path() {
    const char* path = std::getenv("BULKHEAD_SOCKET"); // NOLINT: one thread
    return path != nullptr && *path != '\0' ? path : "/run/bulkhead/bulkheadd.sock";
}

} // namespace bulkhead::api
