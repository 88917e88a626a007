#include "lab/transfer.hpp"

#include "base/file.hpp"
#include "base/process.hpp"
#include "base/text.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::lab {
namespace {

using namespace std::chrono_literals;

std::string base_name(std::string path) {
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    return path.substr(path.rfind('/') + 1);
}

std::string below(std::string folder, const std::string& name) {
    if (folder.back() != '/') folder += '/';
    return folder + name;
}

bool is_folder(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

// Runs a shell script in dom0 with $1, $2, ... and the given streams; the end of its stderr becomes the error.
Status script(const Lab& lab, const std::string& text, std::vector<std::string> parameters, SessionStreams streams) {
    ExecRequest request;
    request.arguments = {"sh", "-c", text, "sh"};
    for (std::string& parameter : parameters) request.arguments.push_back(std::move(parameter));
    std::string complaint;
    streams.error = [&complaint](std::string_view bytes) -> Status {
        if (complaint.size() < 4096) complaint.append(bytes);
        return {};
    };
    const int status = TRY(lab.session(request, streams));
    if (status == 0) return {};
    return fail("in dom0: " +
                (trim(complaint).empty() ? "exit status " + std::to_string(status) : printable(trim(complaint))));
}

Result<std::uint64_t> put_folder(const Lab& lab, const std::string& source, const std::string& target) {
    Pipe pipe = TRY(make_pipe());
    SpawnOptions options;
    options.stdout_fd = pipe.write.get();
    options.die_with_parent = true;
    Child tar = TRY(spawn({"tar", "-C", source, "-cf", "-", "."}, options));
    pipe.write.reset();
    SessionStreams streams;
    streams.input = pipe.read.get();
    TRY(script(lab, "mkdir -p \"$1\" && tar -C \"$1\" -xf -", {target}, streams));
    if (TRY(tar.wait()) != 0) return fail("tar could not read all of " + source);
    return 0;
}

Result<std::uint64_t> get_folder(const Lab& lab, const std::string& source, const std::string& target) {
    TRY(make_directories(target));
    Pipe pipe = TRY(make_pipe());
    SpawnOptions options;
    options.stdin_fd = pipe.read.get();
    options.die_with_parent = true;
    Child tar = TRY(spawn({"tar", "-C", target, "-xf", "-"}, options));
    pipe.read.reset();
    std::uint64_t size = 0;
    SessionStreams streams;
    streams.output = [&](std::string_view bytes) {
        size += bytes.size();
        return context(write_all(pipe.write.get(), bytes), "tar");
    };
    TRY(script(lab, "tar -C \"$1\" -cf - .", {source}, streams));
    pipe.write.reset();
    if (TRY(tar.wait()) != 0) return fail("tar could not unpack to " + target);
    return size;
}

} // namespace

Result<std::uint64_t> put(const Lab& lab, const std::string& source, const std::string& target) {
    if (target.empty() || target[0] != '/') return fail("the target in dom0 must be an absolute path");
    const Fd file(::open(source.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat info {};
    if (!file || ::fstat(file.get(), &info) != 0) return fail_errno(source);
    if (S_ISDIR(info.st_mode)) return put_folder(lab, source, target);
    char mode[8];
    std::snprintf(mode, sizeof mode, "%o", static_cast<unsigned>(info.st_mode & 0777));
    SessionStreams streams;
    streams.input = file.get();
    // The size is compared before the file takes its place: a transfer that broke off leaves the old one.
    TRY(script(lab,
               "t=$1; if [ -d \"$t\" ] || [ \"${t%/}\" != \"$t\" ]; then mkdir -p \"$t\" && t=${t%/}/$2; fi; "
               "n=$t.put.$$; cat >\"$n\" && [ \"$4\" = - -o \"$(stat -c %s \"$n\")\" = \"$4\" ] && "
               "chmod \"$3\" \"$n\" && mv -f \"$n\" \"$t\" || { rm -f \"$n\"; exit 1; }",
               {target, base_name(source), mode, S_ISREG(info.st_mode) ? std::to_string(info.st_size) : "-"}, streams));
    return static_cast<std::uint64_t>(info.st_size);
}

Result<std::uint64_t> get(const Lab& lab, const std::string& source, const std::string& target) {
    if (source.empty() || source[0] != '/') return fail("the source in dom0 must be an absolute path");
    const Output kind = TRY(lab.run({"stat", "-L", "-c", "%F:%a", source}, 30s));
    if (kind.status != 0) return fail("in dom0: " + printable(trim(kind.err)));
    if (kind.out.rfind("directory", 0) == 0) return get_folder(lab, source, target);
    const std::string path = is_folder(target) || target.back() == '/' ? below(target, base_name(source)) : target;
    const std::string temporary = path + ".get." + std::to_string(::getpid());
    Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) return fail_errno(temporary);
    std::uint64_t size = 0;
    SessionStreams streams;
    streams.output = [&](std::string_view bytes) {
        size += bytes.size();
        return context(write_all(file.get(), bytes), path);
    };
    Status done = script(lab, "exec cat <\"$1\"", {source}, streams);
    const std::string_view mode = trim(std::string_view(kind.out).substr(kind.out.rfind(':') + 1));
    unsigned bits = 0;
    for (const char digit : mode) bits = bits * 8 + (static_cast<unsigned>(digit - '0') & 7);
    if (done && ::fchmod(file.get(), bits & 0777) != 0) done = fail_errno(temporary);
    if (done && ::rename(temporary.c_str(), path.c_str()) != 0) done = fail_errno(path);
    if (!done) {
        ::unlink(temporary.c_str());
        return tl::unexpected(std::move(done).error());
    }
    return size;
}

} // namespace bulkhead::lab
