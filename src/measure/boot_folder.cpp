#include "measure/boot_folder.hpp"

#include "base/text.hpp"

#include <cerrno>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bulkhead::measure {
namespace {

constexpr std::size_t content_limit = 16 << 20; // what GRUB reads itself: configurations, lists, environment blocks
constexpr std::size_t chunk_size = 256 * 1024;

Result<std::size_t> read_chunk(const Fd& file, std::string& chunk) {
    for (;;) {
        const ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
        if (got >= 0) return static_cast<std::size_t>(got);
        if (errno != EINTR) return fail_errno("read");
    }
}

} // namespace

Result<Digests> file_digests(const Fd& file, std::span<const Bank> banks) {
    Hasher hasher(banks);
    std::string chunk(chunk_size, '\0');
    for (;;) {
        const std::size_t got = TRY(read_chunk(file, chunk));
        if (got == 0) return hasher.finish();
        hasher.update(std::string_view(chunk).substr(0, got));
    }
}

Result<BootFolders> BootFolders::open(const std::map<std::string, std::string>& folders, std::vector<Bank> banks) {
    BootFolders boot;
    boot.banks_ = std::move(banks);
    for (const auto& [device, folder] : folders) {
        Fd fd(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!fd) return fail_errno("the folder " + folder + " of the device " + device);
        boot.folders_.emplace(device, std::move(fd));
    }
    return boot;
}

Result<std::optional<Fd>> BootFolders::open_file(const std::string& device, const std::string& path) const {
    const auto folder = folders_.find(device);
    if (folder == folders_.end())
        return fail("the device '" + printable(device, 60) + "' is not known: name its folder in 'devices'");
    open_how how = {};
    how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK; // a FIFO must not stop us
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    Fd file(static_cast<int>(::syscall(SYS_openat2, folder->second.get(), path.c_str(), &how, sizeof how)));
    if (!file && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
    if (!file) return fail_errno("(" + device + ")" + path);
    return file;
}

Result<std::optional<std::string>> BootFolders::content(const std::string& device, const std::string& path) {
    if (TRY(type(device, path)) != Type::file) return std::nullopt;
    const auto file = TRY(open_file(device, path));
    if (!file) return std::nullopt;
    std::string bytes;
    std::string chunk(chunk_size, '\0');
    for (;;) {
        const std::size_t got = TRY(context(read_chunk(*file, chunk), path));
        if (got == 0) return bytes;
        bytes.append(chunk, 0, got);
        if (bytes.size() > content_limit)
            return fail(path + " has more than " + std::to_string(content_limit) + " bytes, which GRUB would not read");
    }
}

Result<std::optional<Digests>> BootFolders::digests(const std::string& device, const std::string& path) {
    if (TRY(type(device, path)) != Type::file) return std::nullopt;
    const auto file = TRY(open_file(device, path));
    if (!file) return std::nullopt;
    return TRY(context(file_digests(*file, banks_), path));
}

Result<grub::Files::Type> BootFolders::type(const std::string& device, const std::string& path) {
    const auto file = TRY(open_file(device, path));
    struct stat status = {};
    if (!file || ::fstat(file->get(), &status) != 0) return Type::none;
    return S_ISREG(status.st_mode) ? Type::file : S_ISDIR(status.st_mode) ? Type::folder : Type::none;
}

} // namespace bulkhead::measure
