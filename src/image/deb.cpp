#include "image/deb.hpp"

#include "base/file.hpp"
#include "base/text.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace bulkhead::image {
namespace {

constexpr std::size_t largest_package = 1U << 30;
constexpr std::uint64_t most_bytes = 8ULL << 30;
constexpr unsigned most_entries = 500'000;
constexpr std::size_t longest_path = 1024;
constexpr std::size_t largest_control = 64 * 1024;

struct FreeReader {
    void operator()(struct archive* reader) const { ::archive_read_free(reader); }
};
using Reader = std::unique_ptr<struct archive, FreeReader>;

tl::unexpected<Error> broken(struct archive* reader, std::string_view what) {
    const char* text = ::archive_error_string(reader);
    return fail(std::string(what) + ": " + printable(text != nullptr ? text : "unreadable"));
}

// "./usr/bin/" → "usr/bin"; "" for the root itself.
Result<std::string> clean_path(const char* raw) {
    if (raw == nullptr) return fail("an entry has no name");
    const std::string_view path = raw;
    const auto bad = [&](const char* why) { return fail("\"" + printable(path, 80) + "\": " + why); };
    if (path.size() > longest_path) return bad("longer than 1024 bytes");
    if (path.starts_with('/')) return bad("an absolute path");
    std::string clean;
    for (const std::string_view part : split(path, '/')) {
        if (part.empty() || part == ".") continue;
        if (part == "..") return bad("leads out of the package");
        if (!clean.empty()) clean += '/';
        clean.append(part);
    }
    return clean;
}

// One member of the outer ar archive as the input of the tar reader.
struct Member {
    struct archive* outer;
    char buffer[64 * 1024];
};

la_ssize_t read_member(struct archive* inner, void* data, const void** bytes) {
    auto* member = static_cast<Member*>(data);
    const la_ssize_t got = ::archive_read_data(member->outer, member->buffer, sizeof member->buffer);
    if (got < 0) ::archive_set_error(inner, EIO, "the package is cut short or damaged");
    *bytes = member->buffer;
    return got;
}

Result<Reader> open_tar(Member& member) {
    Reader tar(::archive_read_new());
    if (!tar) return fail("libarchive: out of memory");
    ::archive_read_support_format_tar(tar.get());
    ::archive_read_support_filter_gzip(tar.get());
    ::archive_read_support_filter_xz(tar.get());
    ::archive_read_support_filter_zstd(tar.get());
    if (::archive_read_open(tar.get(), &member, nullptr, read_member, nullptr) != ARCHIVE_OK)
        return broken(tar.get(), "tar");
    return tar;
}

Result<DebControl> read_control(Member& member) {
    const Reader tar = TRY(open_tar(member));
    struct archive_entry* entry = nullptr;
    int code = 0;
    for (unsigned count = 0; (code = ::archive_read_next_header(tar.get(), &entry)) == ARCHIVE_OK; ++count) {
        if (count > 1000) return fail("control: more than 1000 files");
        if (TRY(clean_path(::archive_entry_pathname(entry))) != "control") continue;
        std::string text(largest_control, '\0');
        const la_ssize_t got = ::archive_read_data(tar.get(), text.data(), text.size());
        if (got < 0) return broken(tar.get(), "control");
        text.resize(static_cast<std::size_t>(got));
        DebControl control;
        for (const std::string_view line : split(text, '\n')) { // deb-control(5)
            const std::size_t colon = line.find(':');
            if (colon == std::string_view::npos) continue;
            const std::string value(trim(line.substr(colon + 1)));
            if (line.substr(0, colon) == "Package") control.package = value;
            if (line.substr(0, colon) == "Version") control.version = value;
            if (line.substr(0, colon) == "Architecture") control.architecture = value;
        }
        if (control.package.empty() || control.version.empty()) return fail("control: no Package or no Version field");
        return control;
    }
    if (code != ARCHIVE_EOF) return broken(tar.get(), "control");
    return fail("no control file");
}

Result<DebEntry> describe(struct archive_entry* entry) {
    DebEntry made{DebEntry::Kind::file,
                  TRY(clean_path(::archive_entry_pathname(entry))),
                  static_cast<unsigned>(::archive_entry_perm(entry)) & 07777U,
                  {}};
    if (const char* target = ::archive_entry_hardlink(entry)) {
        made.kind = DebEntry::Kind::hardlink;
        made.target = TRY(clean_path(target));
        return made;
    }
    switch (::archive_entry_filetype(entry)) {
    case AE_IFREG:
        return made;
    case AE_IFDIR:
        made.kind = DebEntry::Kind::directory;
        return made;
    case AE_IFLNK: {
        const char* target = ::archive_entry_symlink(entry);
        if (target == nullptr || *target == '\0' || std::string_view(target).size() > longest_path)
            return fail("\"" + printable(made.path, 80) + "\": a symbolic link with a bad target");
        made.kind = DebEntry::Kind::symlink;
        made.target = target;
        return made;
    }
    default:
        return fail("\"" + printable(made.path, 80) + "\": neither file nor directory nor link");
    }
}

Status read_data(Member& member, const DebVisitor& visitor) {
    const Reader tar = TRY(open_tar(member));
    struct archive_entry* entry = nullptr;
    std::uint64_t total = 0;
    int code = 0;
    for (unsigned count = 0; (code = ::archive_read_next_header(tar.get(), &entry)) == ARCHIVE_OK; ++count) {
        if (count >= most_entries) return fail("more than 500000 entries");
        const DebEntry made = TRY(describe(entry));
        if (made.path.empty()) continue;
        TRY(visitor.entry(made));
        if (made.kind != DebEntry::Kind::file) continue;
        char buffer[64 * 1024];
        for (;;) { // holes of sparse files come as zeros
            const la_ssize_t got = ::archive_read_data(tar.get(), buffer, sizeof buffer);
            if (got < 0) return broken(tar.get(), made.path);
            if (got == 0) break;
            total += static_cast<std::uint64_t>(got);
            if (total > most_bytes) return fail("unpacks to more than 8 GiB");
            TRY(visitor.content({buffer, static_cast<std::size_t>(got)}));
        }
        TRY(visitor.end());
    }
    if (code != ARCHIVE_EOF) return broken(tar.get(), "data");
    return {};
}

// Writes entries below one folder. Every step to a parent refuses symbolic links, so that a package cannot lead us
// elsewhere by putting a link first and a file behind it next.
class Unpacker {
public:
    explicit Unpacker(std::string folder) : folder_(std::move(folder)) {}

    Status start() {
        root_ = Fd(::open(folder_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!root_) return fail_errno(folder_);
        return {};
    }

    Status entry(const DebEntry& entry) {
        const Place place = TRY(walk(entry.path));
        const char* leaf = place.leaf.c_str();
        const unsigned mode = entry.mode & 0755U;
        switch (entry.kind) {
        case DebEntry::Kind::directory:
            if (::mkdirat(place.fd(), leaf, 0700) != 0 && errno != EEXIST) return fail_errno(entry.path);
            {
                const Fd made(::openat(place.fd(), leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
                if (!made || ::fchmod(made.get(), mode | 0700U) != 0) return fail_errno(entry.path);
            }
            return {};
        case DebEntry::Kind::file:
            file_ = Fd(::openat(place.fd(), leaf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
            if (!file_ || ::fchmod(file_.get(), mode | 0600U) != 0) return fail_errno(entry.path);
            path_ = entry.path;
            return {};
        case DebEntry::Kind::symlink:
            if (::symlinkat(entry.target.c_str(), place.fd(), leaf) != 0) return fail_errno(entry.path);
            return {};
        case DebEntry::Kind::hardlink: {
            const Place target = TRY(walk(entry.target));
            if (::linkat(target.fd(), target.leaf.c_str(), place.fd(), leaf, 0) != 0) return fail_errno(entry.path);
            return {};
        }
        }
        return fail("unknown kind of entry");
    }
    Status content(std::string_view bytes) { return context(write_all(file_.get(), bytes), path_); }
    Status end() {
        file_.reset();
        return {};
    }

private:
    struct Place {
        Fd folder;
        int root;
        std::string leaf;
        [[nodiscard]] int fd() const { return folder ? folder.get() : root; }
    };

    Result<Place> walk(const std::string& path) const {
        Place place{Fd(), root_.get(), {}};
        std::string_view rest = path;
        for (std::size_t slash = rest.find('/'); slash != std::string_view::npos; slash = rest.find('/')) {
            const std::string part(rest.substr(0, slash));
            if (::mkdirat(place.fd(), part.c_str(), 0755) != 0 && errno != EEXIST) return fail_errno(path);
            Fd next(::openat(place.fd(), part.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
            if (!next) return fail("\"" + printable(path, 80) + "\": leads through something that is not a directory");
            place.folder = std::move(next);
            rest.remove_prefix(slash + 1);
        }
        place.leaf = rest;
        return place;
    }

    std::string folder_, path_;
    Fd root_, file_;
};

} // namespace

Result<DebControl> read_deb(std::string_view bytes, const DebVisitor& visitor) {
    const Reader outer(::archive_read_new());
    if (!outer) return fail("libarchive: out of memory");
    ::archive_read_support_format_ar(outer.get());
    if (::archive_read_open_memory(outer.get(), bytes.data(), bytes.size()) != ARCHIVE_OK)
        return broken(outer.get(), "not a Debian package");
    auto member = std::make_unique<Member>();
    member->outer = outer.get();
    DebControl control;
    struct archive_entry* entry = nullptr;
    int code = 0;
    for (unsigned count = 0; (code = ::archive_read_next_header(outer.get(), &entry)) == ARCHIVE_OK; ++count) {
        const char* raw = ::archive_entry_pathname(entry);
        const std::string_view name = raw != nullptr ? raw : "";
        if (count == 0 && name != "debian-binary") return fail("not a Debian package: no debian-binary in front");
        if (count > 100) return fail("not a Debian package: more than 100 members");
        if (name.starts_with("control.tar")) control = TRY(context(read_control(*member), name));
        if (!name.starts_with("data.tar")) continue;
        if (control.package.empty()) return fail("not a Debian package: data comes before control");
        TRY(context(read_data(*member, visitor), name));
        return control;
    }
    if (code != ARCHIVE_EOF) return broken(outer.get(), "not a Debian package");
    return fail("not a Debian package: no data.tar");
}

Result<DebControl> unpack_deb(const std::string& file, const std::string& folder) {
    const std::string bytes = TRY(read_file(file, largest_package));
    Unpacker unpacker(folder);
    TRY(unpacker.start());
    DebVisitor visitor;
    visitor.entry = [&](const DebEntry& entry) { return unpacker.entry(entry); };
    visitor.content = [&](std::string_view part) { return unpacker.content(part); };
    visitor.end = [&] { return unpacker.end(); };
    return context(read_deb(bytes, visitor), file);
}

} // namespace bulkhead::image
