#include "domain/saved_file.hpp"

#include "base/file.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <future>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::domain {
namespace {

constexpr std::chrono::milliseconds progress_interval{200};

// Fills the buffer as far as the file goes.
Result<std::size_t> read_at(int fd, std::uint64_t at, char* buffer, std::size_t size) {
    std::size_t have = 0;
    while (have < size) {
        const ssize_t got = ::pread(fd, buffer + have, size - have, static_cast<off_t>(at + have));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno("read");
        if (got == 0) break;
        have += static_cast<std::size_t>(got);
    }
    return have;
}

// Tells how far a stream is, a few times a second.
class Meter {
public:
    Meter(const Progress& progress, std::uint64_t total_kib) : progress_(progress), total_(total_kib / 1024) {}
    void at(std::uint64_t bytes) {
        const auto now = std::chrono::steady_clock::now();
        if (now - told_ < progress_interval) return;
        told_ = now;
        const std::uint64_t done = bytes >> 20;
        progress_(std::to_string(done) + " of " + std::to_string(std::max(done, total_)) + " MiB");
    }

private:
    const Progress& progress_;
    std::uint64_t total_; // MiB
    std::chrono::steady_clock::time_point told_ = std::chrono::steady_clock::now();
};

// Said once, seen by poll() from then on.
class Flag {
public:
    static Result<Flag> create() {
        Flag flag;
        flag.fd_ = Fd(::eventfd(0, EFD_CLOEXEC));
        if (!flag.fd_) return fail_errno("eventfd");
        return flag;
    }
    void raise() const { (void)!::eventfd_write(fd_.get(), 1); } // fails only when it is raised 2^64 times
    [[nodiscard]] int fd() const { return fd_.get(); }

private:
    Fd fd_;
};

struct Sums {
    std::uint64_t size = 0; // of the stream
    std::vector<std::uint64_t> parts;
};

// The checksums of what somebody writes into the file behind byte `begin`, until `over`. `growth`: an inotify of it.
Result<Sums> sum_up(int file, std::uint64_t begin, int growth, const Flag& over, Meter meter) {
    Sums sums;
    std::string part(saved_part, '\0');
    std::uint64_t summed = 0; // bytes
    for (;;) {
        pollfd events[] = {{growth, POLLIN, 0}, {over.fd(), POLLIN, 0}};
        if (::poll(events, 2, -1) < 0 && errno != EINTR) return fail_errno("poll");
        const bool last = (events[1].revents & POLLIN) != 0;
        alignas(inotify_event) char drop[4096]; // there is one file, and all that is told is that it grew
        while (::read(growth, drop, sizeof drop) > 0) {
        }
        struct stat info {};
        if (::fstat(file, &info) != 0) return fail_errno("fstat");
        sums.size = static_cast<std::uint64_t>(info.st_size) - begin;
        while (sums.size - summed >= saved_part || (last && summed < sums.size)) {
            const std::size_t size = std::min<std::uint64_t>(saved_part, sums.size - summed);
            if (TRY(read_at(file, begin + summed, part.data(), size)) < size) return fail("the file became shorter");
            sums.parts.push_back(saved_part_sum(std::string_view(part).substr(0, size), sums.parts.size()));
            summed += size;
        }
        if (last) return sums;
        meter.at(sums.size);
    }
}

// Compares the parts that begin in the stream's first `wanted` bytes, then says how far `file`'s reader is until
// `over`.
Status compare(int file, const SavedImage& image, const std::atomic<std::uint64_t>& wanted, const Flag& over,
               Meter meter) {
    const auto tell = [&] { meter.at(static_cast<std::uint64_t>(::lseek(file, 0, SEEK_CUR)) - image.stream_at); };
    std::string part(saved_part, '\0');
    for (std::size_t number = 0; number < image.sums.size(); ++number) {
        const std::uint64_t begin = number * saved_part;
        if (begin >= wanted) break;
        const std::size_t size = std::min<std::uint64_t>(saved_part, image.stream_size - begin);
        const std::size_t got = TRY(read_at(file, image.stream_at + begin, part.data(), size));
        TRY(image.check_part(number, std::string_view(part).substr(0, got)));
        tell();
    }
    pollfd event{over.fd(), POLLIN, 0};
    while (::poll(&event, 1, static_cast<int>(progress_interval.count())) == 0) tell();
    return {};
}

} // namespace

Status write_saved_file(const Fd& file, const SavedHeader& header, const std::function<Status(int file)>& stream,
                        const Progress& progress) {
    const std::string head = print_saved_header(header);
    TRY(write_all(file.get(), head));
    const Fd growth(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    const std::string itself = "/proc/self/fd/" + std::to_string(file.get()); // its name may be somebody else's by now
    if (!growth || ::inotify_add_watch(growth.get(), itself.c_str(), IN_MODIFY) < 0) return fail_errno("inotify");
    const Flag over = TRY(Flag::create());
    auto summing = std::async(std::launch::async, [&] {
        return sum_up(file.get(), head.size(), growth.get(), over, Meter(progress, header.memory_kib));
    });
    const Status written = stream(file.get());
    over.raise();
    const Result<Sums> sums = summing.get();
    TRY(written);
    if (!sums) return tl::unexpected(sums.error());
    return write_all(file.get(), print_saved_end(sums->size, sums->parts));
}

Result<SavedFile> SavedFile::open(const std::string& path) {
    Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat info {};
    if (!file || ::fstat(file.get(), &info) != 0) return fail_errno(path);
    if (!S_ISREG(info.st_mode)) return fail(path + ": is not a file");
    const auto source = [fd = file.get()](std::uint64_t at, char* buffer, std::size_t size) {
        return read_at(fd, at, buffer, size);
    };
    SavedImage image = TRY(context(read_saved_image(source, static_cast<std::uint64_t>(info.st_size)), path));
    return SavedFile(std::move(file), path, std::move(image));
}

Result<unsigned> SavedFile::feed(const std::function<Result<unsigned>(int stream)>& build, const Progress& progress) {
    if (::lseek(file_.get(), static_cast<off_t>(image_.stream_at), SEEK_SET) < 0) return fail_errno(path_);
    std::atomic<std::uint64_t> wanted = image_.stream_size;
    const Flag over = TRY(Flag::create());
    auto comparing = std::async(std::launch::async, [&] {
        return compare(file_.get(), image_, wanted, over, Meter(progress, image_.header.memory_kib));
    });
    Result<unsigned> built = build(file_.get());
    // Whether libxl gave up because of damage is known when what it has read is compared; the rest may be long.
    if (!built) wanted = static_cast<std::uint64_t>(::lseek(file_.get(), 0, SEEK_CUR)) - image_.stream_at;
    over.raise();
    const Status right = comparing.get();
    if (!right) return tl::unexpected(context(right, path_).error());
    return built;
}

} // namespace bulkhead::domain
