#include "storage/image_format.hpp"

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <unistd.h>

using namespace bulkhead;
using namespace bulkhead::storage;
using namespace std::string_literals;

TEST(ImageFormat, IsToldByEitherEnd) {
    EXPECT_EQ(image_format("QFI\xfb\0\0\0\1"s, ""), "qcow");
    EXPECT_EQ(image_format("QFI\xfb\0\0\0\3"s, ""), "qcow2");
    EXPECT_EQ(image_format("QFI\xfb"s, ""), "qcow2");
    EXPECT_EQ(image_format("QED\0"s, ""), "qed");
    EXPECT_EQ(image_format("conectix", ""), "vhd");
    EXPECT_EQ(image_format("\0"s, "conectix"), "vhd");
    EXPECT_EQ(image_format("\0"s, "\0conectix"s), "vhd");
    EXPECT_EQ(image_format("\0"s, "\0\0conectix"s), "raw");
    EXPECT_EQ(image_format("", ""), "raw");
}

TEST(ImageFormat, OfWhatQemuImgMakes) {
    const std::string folder = testing::TempDir() + "bulkhead-image-format." + std::to_string(::getpid());
    std::filesystem::create_directory(folder);
    const std::string file = folder + "/image";
    const std::pair<const char*, const char*> formats[] = {
        {"raw", "raw"}, {"qcow", "qcow"}, {"qcow2", "qcow2"}, {"vpc", "vhd"}, {"vpc -o subformat=fixed", "vhd"}};
    for (const auto& [qemu, ours] : formats) {
        const std::string command = "qemu-img create -q -f " + std::string(qemu) + " " + file + " 8M";
        ASSERT_EQ(std::system(command.c_str()), 0) << command; // NOLINT: a test, one thread
        EXPECT_EQ(look_at_image(file).value(), ours);
    }
    EXPECT_FALSE(look_at_image(folder + "/none"));
    std::filesystem::remove_all(folder);
}
