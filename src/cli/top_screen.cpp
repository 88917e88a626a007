#include "cli/top_screen.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <utility>

#define NCURSES_NOMACROS 1
#include <curses.h>

namespace bulkhead::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int key_escape = 27;
constexpr std::uint64_t longest_delay = 86400; // seconds

// newterm() reports an unknown terminal; initscr() would end the program.
class Screen {
public:
    static Result<Screen> open() {
        const char* const kind = std::getenv("TERM"); // NOLINT(concurrency-mt-unsafe): no thread runs here
        ::SCREEN* const screen = ::newterm(nullptr, stdout, stdin);
        if (screen == nullptr) {
            return fail("ncurses cannot use this terminal (TERM is '" + printable(kind == nullptr ? "" : kind, 64) +
                        "'); set TERM, or use --batch");
        }
        ::cbreak();
        ::noecho();
        ::nonl();
        ::keypad(stdscr, true);
        (void)::curs_set(0);
        return Screen(screen);
    }
    ~Screen() {
        if (screen_ == nullptr) return;
        ::endwin();
        ::delscreen(screen_);
    }
    Screen(Screen&& other) noexcept : screen_(std::exchange(other.screen_, nullptr)) {}
    Screen& operator=(Screen&&) = delete;

private:
    explicit Screen(::SCREEN* screen) : screen_(screen) {}
    ::SCREEN* screen_;
};

std::string time_of_day() {
    char text[16] = "";
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    if (::localtime_r(&now, &local) != nullptr) (void)std::strftime(text, sizeof text, "%H:%M:%S", &local);
    return text;
}

// Cut at the right edge: a line that wraps would push the others down.
void put_line(int row, const std::string& text, attr_t look = A_NORMAL) {
    ::attron(static_cast<int>(look));
    ::mvaddnstr(row, 0, text.c_str(), std::max(0, COLS));
    ::attroff(static_cast<int>(look));
}

class Top {
public:
    Top(TopView view, unsigned delay) : view_(view), delay_(delay) {}

    void take(TopSample sample) {
        if (have_) compare_samples(sample, sample_);
        sample_ = std::move(sample);
        have_ = true;
    }

    void draw() const {
        ::erase();
        int row = 0;
        for (const std::string& line : top_summary(sample_, time_of_day())) put_line(row++, line);
        for (const TopLine& line : top_lines(sample_, view_)) {
            if (row >= LINES - 1) break;
            put_line(row++, line.text, line.header ? A_REVERSE : A_NORMAL);
        }
        if (asking_)
            put_line(LINES - 1, "  Delay(sec): " + typed_);
        else
            put_line(LINES - 1, std::string("  Delay  Networks  vBds  Repeat header  Sort order (") +
                                    top_column_name(view_.sort_by) + ")  Quit");
        ::refresh();
    }

    // False: leave.
    bool key(int key) {
        if (asking_) {
            answer(key);
            return true;
        }
        switch (key) {
        case 'q':
        case 'Q':
        case key_escape:
            return false;
        case 'n':
        case 'N':
            view_.vifs = !view_.vifs;
            break;
        case 'b':
        case 'B':
            view_.vbds = !view_.vbds;
            break;
        case 'r':
        case 'R':
            view_.repeat_header = !view_.repeat_header;
            break;
        case 's':
        case 'S':
            view_.sort_by = (view_.sort_by + 1) % top_columns();
            break;
        case 'd':
        case 'D':
            asking_ = true;
            typed_.clear();
            break;
        case KEY_DOWN:
            if (view_.first_row + 1 < sample_.domains.size()) ++view_.first_row;
            break;
        case KEY_UP:
            if (view_.first_row > 0) --view_.first_row;
            break;
        default:
            break;
        }
        return true;
    }

    [[nodiscard]] std::chrono::seconds delay() const { return std::chrono::seconds(delay_); }

private:
    void answer(int key) {
        constexpr std::size_t longest = 8;
        if (key == '\r' || key == '\n' || key == KEY_ENTER) {
            const auto seconds = parse_unsigned(typed_, longest_delay);
            if (seconds && *seconds > 0) delay_ = static_cast<unsigned>(*seconds);
            asking_ = false;
        } else if (key == key_escape) {
            asking_ = false;
        } else if (key == KEY_BACKSPACE || key == '\b' || key == 127) {
            if (!typed_.empty()) typed_.pop_back();
        } else if (key >= '0' && key <= '9' && typed_.size() < longest) {
            typed_ += static_cast<char>(key);
        }
    }

    TopView view_;
    unsigned delay_;
    TopSample sample_;
    bool have_ = false;
    bool asking_ = false; // for the delay
    std::string typed_;
};

} // namespace

Status run_top_screen(const std::function<Result<TopSample>()>& sample, TopView view, unsigned delay,
                      std::uint64_t rounds) {
    Top top(view, delay);
    top.take(TRY(sample())); // an error before the screen changes
    const Screen screen = TRY(Screen::open());
    for (std::uint64_t shown = 1;;) {
        const auto next = Clock::now() + top.delay();
        for (;;) {
            top.draw();
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(next - Clock::now()).count();
            if (left <= 0) break;
            ::timeout(static_cast<int>(left));
            const int key = ::getch();
            if (key == ERR) break; // the time is over
            if (!top.key(key)) return {};
        }
        if (rounds != 0 && shown++ >= rounds) return {};
        top.take(TRY(sample()));
    }
}

} // namespace bulkhead::cli
