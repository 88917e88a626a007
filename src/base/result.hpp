// Result<T>: a value or an Error, the only way failures travel in Bulkhead. Exceptions are caught where a library
// throws them and never cross a C frame. Backed by tl::expected (libexpected-dev); only this header knows.
//
//     Result<Config> load(const std::string& path) {
//         std::string text = TRY(context(read_file(path, 64 * 1024), "reading the configuration"));
//         return parse(text);
//     }
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <type_traits>
#include <utility>

namespace bulkhead {

// What went wrong, as one sentence for the person who reads it: what, where, and what to do next.
struct Error {
    std::string message;
    int code = 0; // errno value when the cause was a system call or xenstore; 0 otherwise
};

// A class of its own rather than an alias, so that the compiler rejects an ignored one.
template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
public:
    using tl::expected<T, Error>::expected;
};
using Status = Result<void>;

[[nodiscard]] inline tl::unexpected<Error> fail(std::string message, int code = 0) {
    return tl::unexpected(Error{std::move(message), code});
}

// An Error from errno: "WHAT: No such file or directory".
[[nodiscard]] tl::unexpected<Error> fail_errno(std::string_view what);
[[nodiscard]] tl::unexpected<Error> fail_errno(std::string_view what, int code);

// Prefixes an error on its way up: "WHAT: inner message". Values pass through.
template <typename T>
[[nodiscard]] Result<T> context(Result<T> result, std::string_view what) {
    if (!result) result.error().message.insert(0, std::string(what) + ": ");
    return result;
}

namespace detail {
template <typename R>
typename R::value_type take(R& result) {
    if constexpr (!std::is_void_v<typename R::value_type>) return std::move(*result);
}
} // namespace detail

} // namespace bulkhead

// Evaluates to the value of a Result, or returns its error from the enclosing function. Not inside a braced list after
// another member ({std::string(x), TRY(y)}): what was made before it is not destroyed when it returns.
#define TRY(...)                                                                                                       \
    ({                                                                                                                 \
        auto&& try_result_ = (__VA_ARGS__);                                                                            \
        if (!try_result_) return tl::unexpected(std::move(try_result_).error());                                       \
        ::bulkhead::detail::take(try_result_);                                                                         \
    })
