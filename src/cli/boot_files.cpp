#include "cli/boot_files.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "measure/hash_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bulkhead::cli {

using measure::Bank;
using measure::Digests;

namespace {

constexpr std::size_t content_limit = 16 << 20; // what GRUB reads itself: configurations, lists, environment blocks

// The description's folder and what lies below it.
class FilesBeside : public measure::BootFiles {
public:
    explicit FilesBeside(std::string folder) : folder_(std::move(folder)) {}

    Result<std::string> read(const std::string& name, std::size_t limit) override {
        return read_file(path(name), limit);
    }
    Result<Digests> digests(const std::string& name, std::span<const Bank> banks) override {
        return measure::hash_file(path(name), banks);
    }
    Result<std::unique_ptr<measure::grub::Files>> disks(const std::map<std::string, std::string>& devices,
                                                        std::vector<Bank> banks) override {
        std::map<std::string, std::string> folders;
        for (const auto& [device, folder] : devices) folders[device] = path(folder);
        return std::make_unique<BootFolders>(TRY(BootFolders::open(folders, std::move(banks))));
    }

private:
    [[nodiscard]] std::string path(const std::string& name) const {
        return name.starts_with('/') ? name : folder_ + "/" + name;
    }

    std::string folder_;
};

} // namespace

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
    const auto take = [&](std::string_view part) -> Status {
        bytes += part;
        if (bytes.size() <= content_limit) return {};
        return fail("more than " + std::to_string(content_limit) + " bytes, which GRUB would not read");
    };
    TRY(context(read_parts(*file, take), path));
    return bytes;
}

Result<std::optional<Digests>> BootFolders::digests(const std::string& device, const std::string& path) {
    if (TRY(type(device, path)) != Type::file) return std::nullopt;
    const auto file = TRY(open_file(device, path));
    if (!file) return std::nullopt;
    return TRY(measure::hash_file(*file, path, banks_));
}

Result<measure::grub::Files::Type> BootFolders::type(const std::string& device, const std::string& path) {
    const auto file = TRY(open_file(device, path));
    struct stat status = {};
    if (!file || ::fstat(file->get(), &status) != 0) return Type::none;
    return S_ISREG(status.st_mode) ? Type::file : S_ISDIR(status.st_mode) ? Type::folder : Type::none;
}

Result<measure::EventList> predict_from_file(const std::string& path) {
    const std::string text = TRY(read_file(path, measure::description_limit));
    const std::size_t slash = path.rfind('/');
    FilesBeside files(slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash));
    return context(measure::predict(text, files), path);
}

} // namespace bulkhead::cli
