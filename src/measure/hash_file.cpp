#include "measure/hash_file.hpp"

#include "base/file.hpp"

#include <array>
#include <barrier>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace bulkhead::measure {
namespace {

constexpr off_t worth_threads = 4 << 20;    // bytes of a file
constexpr std::size_t part_size = 1U << 20; // what is hashed while the next part is read

struct Part {
    std::string bytes = std::string(part_size, '\0');
    std::size_t used = 0; // 0: the file's end, or an error
};

// Fills the part unless the file ends. An errno value, or 0.
int fill(const Fd& file, Part& part) {
    part.used = 0;
    while (part.used < part.bytes.size()) {
        const ssize_t got = ::read(file.get(), part.bytes.data() + part.used, part.bytes.size() - part.used);
        if (got == 0) return 0;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            part.used = 0;
            return errno;
        }
        part.used += static_cast<std::size_t>(got);
    }
    return 0;
}

// Two parts take turns: between two arrivals at the barrier every thread hashes one, and this one reads the other.
Result<Digests> hash_in_threads(const Fd& file, const std::string& name, std::span<const Bank> banks) {
    std::array<Part, 2> parts;
    std::barrier turn(static_cast<std::ptrdiff_t>(banks.size()) + 1);
    std::vector<Hasher> hashers;
    for (const Bank& bank : banks) hashers.emplace_back(std::span(&bank, 1));
    std::vector<std::jthread> threads;
    for (Hasher& hasher : hashers) {
        threads.emplace_back([&parts, &turn, &hasher] {
            for (std::size_t i = 0;; ++i) {
                turn.arrive_and_wait();
                const Part& part = parts[i % 2];
                if (part.used == 0) return;
                hasher.update(std::string_view(part.bytes).substr(0, part.used));
            }
        });
    }
    int error = fill(file, parts[0]);
    for (std::size_t i = 0;; ++i) {
        turn.arrive_and_wait();
        if (parts[i % 2].used == 0) break;
        error = fill(file, parts[(i + 1) % 2]);
    }
    threads.clear(); // joined
    if (error != 0) return fail_errno(name, error);
    Digests all;
    for (Hasher& hasher : hashers) all.merge(hasher.finish());
    return all;
}

} // namespace

Result<Digests> hash_file(const Fd& file, const std::string& name, std::span<const Bank> banks) {
    struct stat status = {};
    if (banks.size() > 1 && ::fstat(file.get(), &status) == 0 && status.st_size >= worth_threads)
        return hash_in_threads(file, name, banks);
    Hasher hasher(banks);
    const auto take = [&](std::string_view part) -> Status {
        hasher.update(part);
        return {};
    };
    TRY(context(read_parts(file, take), name));
    return hasher.finish();
}

Result<Digests> hash_file(const std::string& path, std::span<const Bank> banks) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return fail_errno(path);
    return hash_file(file, path, banks);
}

} // namespace bulkhead::measure
