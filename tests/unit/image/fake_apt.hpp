// A stand-in for apt-get and apt-cache on PATH: it hands out the packages of a folder and writes down how it was
// called.
#pragma once

#include "support.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>

namespace bulkhead::image::test {

class FakeApt {
public:
    FakeApt() : path_(std::getenv("PATH")) {
        put(folder_ / "bin/apt-get", R"sh(#!/bin/sh
here=$(dirname "$0")/..
echo "$@" >>"$here/calls"
if [ -e "$here/complaint" ]; then cat "$here/complaint" >&2; exit 100; fi
uris=
for word; do
    case $word in
    --print-uris) uris=1 ;;
    -* | *=* | download) ;;
    *)
        file=$(ls "$here/repository/$word"_* 2>/dev/null)
        [ -n "$file" ] || { echo "E: Unable to locate package $word" >&2; exit 100; }
        if [ -n "$uris" ]; then echo "'http://mirror/x' $(basename "$file") 1 SHA256:0"; else cp "$file" .; fi
        ;;
    esac
done
)sh");
        put(folder_ / "bin/apt-cache", R"sh(#!/bin/sh
here=$(dirname "$0")/..
echo "cache $@" >>"$here/calls"
echo linux-image-amd64
echo "  Depends: linux-base"
echo "  Depends: $(cat "$here/kernel")"
)sh");
        for (const char* program : {"bin/apt-get", "bin/apt-cache"})
            std::filesystem::permissions(folder_ / program, std::filesystem::perms{0755});
        put(folder_ / "kernel", "linux-image-6.1.0-test\n");
        std::filesystem::create_directory(folder_ / "repository");
        ::setenv("PATH", (folder_ / "bin:" + path_).c_str(), 1);
    }
    FakeApt(const FakeApt&) = delete;
    FakeApt& operator=(const FakeApt&) = delete;
    ~FakeApt() { ::setenv("PATH", path_.c_str(), 1); }

    // Replaces what is offered under this name.
    void offer(const std::string& package, const std::string& version, const FillTar& fill) {
        withdraw(package);
        std::string file = version;
        if (const std::size_t colon = file.find(':'); colon != std::string::npos) file.replace(colon, 1, "%3a");
        offer_file(package + "_" + file + "_amd64.deb", make_deb(package, version, fill));
    }
    void offer_file(const std::string& leaf, const std::string& bytes) { put(folder_ / ("repository/" + leaf), bytes); }
    void withdraw(const std::string& package) {
        for (const auto& entry : std::filesystem::directory_iterator(folder_ / "repository")) {
            if (entry.path().filename().string().starts_with(package + "_")) std::filesystem::remove(entry.path());
        }
    }
    void complain(const std::string& text) { put(folder_ / "complaint", text); }
    void stop_complaining() { std::filesystem::remove(folder_ / "complaint"); }
    void set_kernel(const std::string& package) { put(folder_ / "kernel", package + "\n"); }
    [[nodiscard]] std::string calls() const { return get(folder_ / "calls"); }
    void forget_calls() { std::filesystem::remove(folder_ / "calls"); }

private:
    Folder folder_;
    std::string path_;
};

} // namespace bulkhead::image::test
