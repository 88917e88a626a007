// A runtime folder of its own for each test, so that tests and real labs do not meet.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <string>

namespace bulkhead::lab {

class TemporaryRuntime : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "/bulkhead-lab-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
        ::setenv("XDG_RUNTIME_DIR", folder_.c_str(), 1);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string folder_;
};

} // namespace bulkhead::lab
