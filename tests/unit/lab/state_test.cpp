#include "lab/state.hpp"

#include "base/process.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace bulkhead::lab {
namespace {

LabState example() {
    LabState state;
    state.name = "x";
    state.pid = 4711;
    state.start = 123456789;
    state.accelerator = "tcg";
    state.nic = "e1000e";
    state.xenstored = "c";
    state.memory = 3072;
    state.created = 1700000000;
    state.seconds = 12.5;
    state.ready = true;
    return state;
}

TEST(State, ComesBackFromItsText) {
    const auto back = decode_state(encode_state(example()));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->pid, 4711);
    EXPECT_EQ(back->start, 123456789U);
    EXPECT_EQ(back->nic, "e1000e");
    EXPECT_EQ(back->seconds, 12.5);
    EXPECT_TRUE(back->ready);
}

TEST(State, DamagedIsAnError) {
    EXPECT_FALSE(decode_state(""));
    EXPECT_FALSE(decode_state("{}"));
    EXPECT_FALSE(decode_state("[1]"));
    std::string text = encode_state(example());
    EXPECT_FALSE(decode_state(text.substr(0, text.size() / 2)));
    text.replace(text.find("4711"), 4, "\"a\"");
    EXPECT_FALSE(decode_state(text));
}

// kill(1) or kill(-1) must never come out of a damaged file.
TEST(State, ImpossibleProcessIsAnError) {
    for (const int pid : {-1, 0, 1}) {
        LabState state = example();
        state.pid = pid;
        EXPECT_FALSE(decode_state(encode_state(state))) << pid;
    }
}

TEST(State, StartTimeAfterAnyCommandName) {
    const std::string tail = " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 987654 20 21";
    EXPECT_EQ(*parse_process_start("42 (cat)" + tail), 987654U);
    EXPECT_EQ(*parse_process_start("42 (a) S 1 (b)" + tail), 987654U);
    EXPECT_FALSE(parse_process_start("42 (cat) S 1"));
    EXPECT_FALSE(parse_process_start("nothing"));
}

TEST(State, ProcessIsRecognisedByItsStart) {
    LabState state = example();
    state.pid = ::getpid();
    state.start = *process_start(::getpid());
    EXPECT_TRUE(open_process(state));
    ++state.start; // the pid belongs to another process now
    EXPECT_FALSE(open_process(state));
}

TEST(State, EndedProcessIsGone) {
    auto child = spawn({"true"}, {});
    ASSERT_TRUE(child);
    LabState state = example();
    state.pid = child->pid();
    state.start = *process_start(child->pid());
    ASSERT_TRUE(child->wait());
    EXPECT_FALSE(open_process(state));
}

} // namespace
} // namespace bulkhead::lab
