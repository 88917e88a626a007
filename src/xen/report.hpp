// Report: an XLU_Config whose complaints are kept. libxlutil writes them to a stdio stream. Private to src/xen.
#pragma once

#include "base/result.hpp"
#include "base/text.hpp"
#include "xen/libxl.hpp"

#include <cstdio>
#include <string>

namespace bulkhead::xen {

class Report {
public:
    explicit Report(const std::string& source = "value") : file_(::open_memstream(&text_, &size_)) {
        if (file_ != nullptr) config_ = xlu_cfg_init(file_, source.c_str());
        if (config_ == nullptr) std::abort(); // out of memory: as operator new without a handler
    }
    ~Report() {
        xlu_cfg_destroy(config_);
        std::fclose(file_);
        std::free(text_);
    }
    Report(const Report&) = delete;
    Report& operator=(const Report&) = delete;

    [[nodiscard]] XLU_Config* config() const { return config_; }

    // libxlutil's words so far, with what it should have been in front.
    [[nodiscard]] tl::unexpected<Error> error(const std::string& what) { return fail(what + hint()); }
    [[nodiscard]] std::string said() {
        std::fflush(file_);
        std::string lines;
        for (const std::string_view line : split(trim(std::string_view(text_, size_)), '\n')) {
            if (!lines.empty()) lines.append("; ");
            lines.append(printable(line));
            if (lines.size() > 2000) break;
        }
        return lines;
    }

private:
    std::string hint() {
        const std::string words = said();
        return words.empty() ? "" : " (" + words + ")";
    }
    char* text_ = nullptr;
    std::size_t size_ = 0;
    FILE* file_;
    XLU_Config* config_ = nullptr;
};

} // namespace bulkhead::xen
