#include "image/kernel.hpp"

#include "image/compress.hpp"
#include "image/digest.hpp"
#include "image/unpack.hpp"
#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::image {
namespace {

using test::make_bzimage;
using test::pack;
using ::testing::HasSubstr;

const std::string vmlinux = "\x7f"
                            "ELF" +
                            std::string(200'000, 'k') + "end";

TEST(Kernel, UnpacksEachCompression) {
    for (const Compression compression : {Compression::gzip, Compression::xz, Compression::zstd}) {
        // As in real kernels, the unpacked size stands behind the stream, inside the payload.
        const auto found = extract_vmlinux(make_bzimage(pack(compression, vmlinux) + std::string("\1\2\3\4")));
        ASSERT_TRUE(found) << name(compression) << ": " << found.error().message;
        EXPECT_EQ(*found, vmlinux);
    }
}

TEST(Kernel, AnElfFileComesBackAsItIs) {
    EXPECT_EQ(*extract_vmlinux(vmlinux), vmlinux);
}

TEST(Kernel, RefusesOtherFilesAndDamage) {
    const std::string good = make_bzimage(pack(Compression::gzip, vmlinux));
    EXPECT_FALSE(extract_vmlinux(""));
    EXPECT_FALSE(extract_vmlinux(std::string(4096, '\0')));
    EXPECT_THAT(extract_vmlinux(good.substr(0, 1100)).error().message, HasSubstr("cut short"));
    std::string old = good;
    old[0x206] = 0;
    EXPECT_THAT(extract_vmlinux(old).error().message, HasSubstr("boot protocol"));
    std::string far = good;
    far.replace(0x248, 4, "\xff\xff\xff\xff");
    EXPECT_FALSE(extract_vmlinux(far));
    std::string flipped = good;
    flipped[1024 + 30] = static_cast<char>(~flipped[1024 + 30]);
    EXPECT_FALSE(extract_vmlinux(flipped));
    EXPECT_THAT(extract_vmlinux(make_bzimage("unknown packing")).error().message,
                HasSubstr("neither gzip nor xz nor zstd"));
    EXPECT_THAT(extract_vmlinux(make_bzimage(pack(Compression::xz, "text"))).error().message, HasSubstr("not an ELF"));
}

TEST(Unpack, KeepsItsLimitAndSeesMissingEnds) {
    for (const Compression compression : {Compression::gzip, Compression::xz, Compression::zstd}) {
        const std::string stream = pack(compression, vmlinux);
        EXPECT_TRUE(unpack(stream, vmlinux.size())) << name(compression);
        EXPECT_FALSE(unpack(stream, vmlinux.size() - 1)) << name(compression);
        EXPECT_FALSE(unpack(stream.substr(0, stream.size() - 3), vmlinux.size())) << name(compression);
    }
}

TEST(Digest, KnownValues) { // FIPS 180-2, appendix B
    EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    const test::Folder folder;
    test::put(folder / "million", std::string(1'000'000, 'a'));
    EXPECT_EQ(*sha256_file(folder / "million"), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    EXPECT_FALSE(sha256_file(folder / "missing"));
}

} // namespace
} // namespace bulkhead::image
