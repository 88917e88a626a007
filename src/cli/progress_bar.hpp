// Progress on stderr: a bar for what says "12 of 256 MiB", a line for every other word. Without a terminal the bar is
// left out.
#pragma once

#include <string>
#include <string_view>

namespace bulkhead::cli {

// "[=====>    ]  12 of 256 MiB"; empty for a text that is no amount. Pure.
std::string bar(std::string_view text);

class ProgressBar {
public:
    ProgressBar();
    ~ProgressBar(); // ends the bar's line
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;
    void show(const std::string& text);

private:
    bool terminal_;
    bool drawn_ = false;
};

} // namespace bulkhead::cli
