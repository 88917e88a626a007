#include "domain/save.hpp"

#include "base/file.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "domain/create.hpp"
#include "domain/end.hpp"
#include "domain/live_config.hpp"
#include "xen/domain.hpp"
#include "xen/live.hpp"
#include "xen/save.hpp"
#include "xen/store.hpp"

#include <cerrno>
#include <fcntl.h>
#include <future>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::domain {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds progress_interval{200};
// For a guest that was asked to suspend and has begun to when its save died.
constexpr std::chrono::seconds suspend_patience{10};

struct Pipe {
    Fd out, in; // read from, write to
};

Result<Pipe> make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("pipe");
    (void)::fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(SavedWriter::frame_max)); // fewer turns; less works, too
    return Pipe{Fd(ends[0]), Fd(ends[1])};
}

// Fills the buffer as far as the descriptor goes.
Result<std::size_t> read_full(int fd, char* buffer, std::size_t size) {
    std::size_t have = 0;
    while (have < size) {
        const ssize_t got = ::read(fd, buffer + have, size - have);
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
    void add(std::size_t bytes) {
        bytes_ += bytes;
        const auto now = Clock::now();
        if (now - told_ < progress_interval) return;
        told_ = now;
        const std::uint64_t done = bytes_ >> 20;
        progress_(std::to_string(done) + " of " + std::to_string(std::max(done, total_)) + " MiB");
    }

private:
    const Progress& progress_;
    std::uint64_t total_, bytes_ = 0; // MiB, bytes
    Clock::time_point told_ = Clock::now();
};

struct Detail {
    std::string partial, file;
    bool whole = false; // the file is complete and on the disk
    bool destroy = true;
};

std::string print(const Detail& detail) {
    return json_line(
        {{"partial", detail.partial}, {"file", detail.file}, {"whole", detail.whole}, {"destroy", detail.destroy}});
}

std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

Status sync_folder(const std::string& file) {
    const Fd folder(::open(folder_of(file).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder || ::fsync(folder.get()) != 0) return fail_errno(folder_of(file));
    return {};
}

// What the suspended domain's stream becomes in the file.
Status write_stream(int stream, const Fd& file, const SavedHeader& header, const Progress& progress) {
    TRY(write_all(file.get(), SavedWriter::header(header)));
    SavedWriter writer;
    Meter meter(progress, header.memory_kib);
    std::string buffer(SavedWriter::frame_max, '\0');
    for (;;) {
        const std::size_t got = TRY(read_full(stream, buffer.data(), buffer.size()));
        if (got == 0) break;
        const std::string_view bytes = std::string_view(buffer).substr(0, got);
        TRY(write_all(file.get(), writer.frame(bytes)));
        TRY(write_all(file.get(), bytes));
        meter.add(got);
    }
    return write_all(file.get(), writer.end());
}

// Suspends the domain into the file, which is on the disk afterwards.
Status write_domain(xen::Context& xen, unsigned domain, const Fd& file, const SavedHeader& header,
                    const Progress& progress) {
    Pipe pipe = TRY(make_pipe());
    auto written = std::async(std::launch::async, [&] {
        Status status = write_stream(pipe.out.get(), file, header, progress);
        if (!status) pipe.out.reset(); // libxl's next write fails
        return status;
    });
    const Status saved = xen::save_domain(xen, domain, pipe.in.get());
    pipe.in.reset();
    TRY(written.get()); // the reason, when libxl only found a closed pipe
    TRY(saved);
    if (::fsync(file.get()) != 0) return fail_errno("fsync");
    return {};
}

Result<SavedHeader> header_of(xen::Context& xen, const SaveRequest& request) {
    std::map<unsigned, std::string> names;
    for (const xen::DomainInfo& domain : TRY(xen::list_domains(xen))) names[domain.id] = domain.name;
    const xen::Live live = TRY(xen::live_domain(xen, request.domain, names));
    if (live.pcis != 0)
        return fail("it has PCI devices, which cannot be saved; take them away first with: bulkhead pci-detach", EBUSY);
    const config::ParsedDomain parsed = TRY(parse_request(request_of(request.record), TRY(host_settings())));
    SavedHeader header;
    header.name = request.record.name;
    header.uuid = request.record.uuid;
    header.config = live_config(request.record.config, parsed.spec, request.record.name, live, request.pending);
    header.source = request.record.source;
    header.directory = request.record.directory;
    header.xen = TRY(xen::hypervisor_identity(xen));
    header.saved_ms = Journal::now_ms();
    header.memory_kib = live.memory_kib;
    return header;
}

// Of the whole file; it may have its name already.
Status take_name(const std::string& partial, const std::string& file) {
    if (::rename(partial.c_str(), file.c_str()) != 0 && (errno != ENOENT || !exists(file))) return fail_errno(file);
    return sync_folder(file);
}

Status leave(xen::Context& xen, unsigned domain, bool destroy) {
    return destroy ? end_domain(xen, domain) : xen::resume_domain(xen, domain);
}

} // namespace

Status save(xen::Context& xen, const SaveRequest& request, const SaveHooks& hooks) {
    struct stat old {};
    if (::stat(request.file.c_str(), &old) == 0 && !S_ISREG(old.st_mode))
        return fail(request.file + ": is there and is no file", EEXIST);
    const SavedHeader header = TRY(header_of(xen, request));
    // The domain's own name for it: two domains that are saved to one file must not write into each other's.
    Detail detail{request.file + "." + request.record.uuid + ".partial", request.file, false,
                  request.after == AfterSave::destroy};
    TRY(hooks.intent(print(detail)));
    const Fd file(::open(detail.partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) return fail_errno(detail.partial);
    TRY(context(write_domain(xen, request.domain, file, header, hooks.progress), request.file));
    detail.whole = true;
    TRY(hooks.intent(print(detail)));
    if (request.after == AfterSave::pause) TRY(xen::pause_domain(xen, request.domain));
    TRY(take_name(detail.partial, detail.file));
    return leave(xen, request.domain, detail.destroy);
}

Status undo_save(xen::Context& xen, unsigned domain, const std::string& text) {
    const json object = json::parse(text, nullptr, false);
    if (!object.is_object()) return fail("what was written down about a save is not readable");
    const std::string partial = object.value("partial", ""), file = object.value("file", "");
    if (object.value("whole", false)) {
        const Status named = take_name(partial, file);
        if (named) return leave(xen, domain, object.value("destroy", true));
        log::warning(named.error().message + "; domain " + std::to_string(domain) + " runs on"); // it is all there is
    }
    if (::unlink(partial.c_str()) != 0 && errno != ENOENT) return fail_errno(partial);
    // A request that the guest has not seen yet is withdrawn; one that it has seen is waited for.
    xen::Store store = TRY(xen::Store::open());
    TRY(store.watch("@releaseDomain", "suspended")); // xenstored tells of domains that shut down, too
    const std::string request = "/local/domain/" + std::to_string(domain) + "/control/shutdown";
    bool withdrawn = false;
    TRY(store.transaction([&](xen::Transaction& now) -> Status {
        withdrawn = TRY(now.read_if(request)) == "suspend";
        if (withdrawn) return now.write(request, "");
        return {};
    }));
    const auto end = Clock::now() + (withdrawn ? std::chrono::seconds(0) : suspend_patience);
    for (;;) {
        const std::vector<xen::DomainInfo> domains = TRY(xen::list_domains(xen));
        const auto found = std::find_if(domains.begin(), domains.end(), [&](const auto& d) { return d.id == domain; });
        if (found == domains.end()) return {};
        if (found->shutdown) return xen::resume_domain(xen, domain);
        if (!TRY(store.wait_event(end))) return {}; // it runs
    }
}

// ---- reading ----

SavedFile::SavedFile(Fd file, std::string path)
    : file_(std::move(file)), path_(std::move(path)),
      reader_([fd = file_.get()](char* buffer, std::size_t size) { return read_full(fd, buffer, size); }) {}

Result<SavedFile> SavedFile::open(const std::string& path) {
    Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat info {};
    if (!file || ::fstat(file.get(), &info) != 0) return fail_errno(path);
    if (!S_ISREG(info.st_mode)) return fail(path + ": is not a file");
    SavedFile saved(std::move(file), path);
    saved.header_ = TRY(context(saved.reader_.header(), path));
    std::string last(SavedReader::end_size, '\0');
    const ssize_t got = ::pread(saved.file_.get(), last.data(), last.size(),
                                std::max<off_t>(0, info.st_size - static_cast<off_t>(last.size())));
    if (got < 0) return fail_errno(path);
    last.resize(static_cast<std::size_t>(got));
    TRY(context(saved.reader_.check_end(last, static_cast<std::uint64_t>(info.st_size)), path));
    return saved;
}

Status SavedFile::pump(int stream, const Progress& progress) {
    Meter meter(progress, header_.memory_kib);
    for (;;) {
        const std::string_view bytes = TRY(context(reader_.next(), path_));
        if (bytes.empty()) return {};
        TRY(write_all(stream, bytes));
        meter.add(bytes.size());
    }
}

Result<unsigned> SavedFile::feed(const std::function<Result<unsigned>(int stream)>& build, const Progress& progress) {
    Pipe pipe = TRY(make_pipe());
    auto pumped = std::async(std::launch::async, [&] {
        const Status status = pump(pipe.in.get(), progress);
        pipe.in.reset();
        return status;
    });
    Result<unsigned> built = build(pipe.out.get());
    pipe.out.reset(); // what libxl left unread, when it gave up, is not waited for
    const Status status = pumped.get();
    // A damaged file is the reason of whatever libxl says then. A closed pipe is only libxl's own refusal.
    if (!status && status.error().code != EPIPE) return tl::unexpected(status.error());
    return built;
}

} // namespace bulkhead::domain
