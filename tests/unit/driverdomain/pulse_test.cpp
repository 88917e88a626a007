#include "driverdomain/pulse.hpp"

#include "support/fake_xenstored.hpp"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace bulkhead;
using namespace bulkhead::driverdomain;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

struct PulseTest : testing::Test {
    using Strings = std::vector<std::string>;
    const std::string folder = testing::TempDir() + "bulkhead-pulse." + std::to_string(::getpid());
    const std::string socket = folder + "/socket";
    test::FakeXenstored xenstored;
    domain::EventLoop loop = domain::EventLoop::create().value();
    Strings silent, states;
    Pulse pulse{loop,
                {[this](const std::string& uuid, const std::string& state) { states.push_back(uuid + " " + state); },
                 [this](const std::string& uuid) { silent.push_back(uuid); }}};

    void SetUp() override {
        std::filesystem::create_directories(folder);
        xenstored.listen(socket, 0);
        ::setenv("XENSTORED_PATH", socket.c_str(), 1);
    }
    void TearDown() override {
        ::unsetenv("XENSTORED_PATH");
        std::filesystem::remove_all(folder);
    }

    void beat(unsigned domain = 5) {
        xenstored.write("/local/domain/" + std::to_string(domain) + "/data/bulkhead/heartbeat", "1");
    }
    void say(const std::string& state, unsigned domain = 5) {
        xenstored.write("/local/domain/" + std::to_string(domain) + "/data/bulkhead/state", state);
    }
    bool serve_until(const std::function<bool()>& condition, std::chrono::milliseconds most = 20s) {
        const auto end = Clock::now() + most;
        while (!condition()) {
            if (Clock::now() > end) return false;
            EXPECT_TRUE(loop.run_once(20ms));
        }
        return true;
    }
    // That nothing comes can only be seen by waiting.
    void serve_for(std::chrono::milliseconds time) {
        serve_until([] { return false; }, time);
    }
    // Everything that was written before has been heard when this state has.
    bool heard_all(unsigned domain = 5) {
        const std::size_t before = states.size();
        say("mark" + std::to_string(before), domain);
        return serve_until([&] { return !states.empty() && states.back().ends_with("mark" + std::to_string(before)); });
    }
};

} // namespace

TEST_F(PulseTest, SilenceCountsFromTheFirstBeatAndIsToldOnce) {
    pulse.listen("u5", 5, 50ms);
    serve_for(400ms); // it boots; the watch's own first event is no beat
    EXPECT_EQ(silent, Strings{});
    beat();
    ASSERT_TRUE(serve_until([this] { return !silent.empty(); }));
    EXPECT_EQ(silent, Strings{"u5"});
    beat(); // it is not listened to any more
    serve_for(400ms);
    EXPECT_EQ(silent, Strings{"u5"});
}

TEST_F(PulseTest, ABeatThatIsThereCounts) {
    beat(); // the daemon came later than the agent
    pulse.listen("u5", 5, 50ms);
    EXPECT_TRUE(serve_until([this] { return !silent.empty(); }));
}

TEST_F(PulseTest, BeatsKeepItAlive) {
    pulse.listen("u5", 5, 1s);
    const auto end = Clock::now() + 2500ms;
    while (Clock::now() < end) {
        beat();
        ASSERT_TRUE(loop.run_once(20ms));
    }
    EXPECT_EQ(silent, Strings{});
    EXPECT_TRUE(serve_until([this] { return !silent.empty(); }));
}

TEST_F(PulseTest, OneIsSilentTheOtherIsNot) {
    pulse.listen("u5", 5, 100ms);
    pulse.listen("u6", 6, 1h);
    beat(5);
    beat(6);
    ASSERT_TRUE(serve_until([this] { return !silent.empty(); }));
    serve_for(300ms);
    EXPECT_EQ(silent, Strings{"u5"});
}

TEST_F(PulseTest, StandingStillOurselvesIsNoDeath) {
    pulse.listen("u5", 5, 300ms);
    beat();
    ASSERT_TRUE(heard_all());
    for (int i = 0; i < 50; ++i) beat();
    std::this_thread::sleep_for(500ms); // the daemon does not run; the deadline passes, the beats lie unread
    serve_for(150ms);
    EXPECT_EQ(silent, Strings{}) << "the unread beats were not heard first";
    EXPECT_TRUE(serve_until([this] { return !silent.empty(); }));
}

TEST_F(PulseTest, PausedIsNotSilent) {
    pulse.listen("u5", 5, 100ms);
    beat();
    ASSERT_TRUE(heard_all());
    pulse.pause("u5", true);
    beat(); // on its way when it was frozen
    serve_for(500ms);
    EXPECT_EQ(silent, Strings{});
    pulse.pause("u5", false);
    serve_for(500ms);
    EXPECT_EQ(silent, Strings{}); // until it beats again
    beat();
    EXPECT_TRUE(serve_until([this] { return !silent.empty(); }));
    pulse.pause("nobody", true); // no harm
}

TEST_F(PulseTest, ALeftOneIsNotHeard) {
    pulse.listen("u5", 5, 100ms);
    pulse.listen("u6", 6, 1h);
    beat();
    ASSERT_TRUE(heard_all());
    pulse.leave("u5");
    pulse.leave("u5"); // no harm
    states.clear();
    say("ready");
    beat();
    ASSERT_TRUE(heard_all(6));
    EXPECT_EQ(states, Strings{"u6 mark0"});
    serve_for(400ms);
    EXPECT_EQ(silent, Strings{});
    EXPECT_EQ(xenstored.requests(xen::wire::Type::unwatch), 2U);
}

TEST_F(PulseTest, ListeningAnewReplacesWhatWasKnown) {
    pulse.listen("u5", 5, 100ms);
    beat(5);
    ASSERT_TRUE(heard_all());
    pulse.listen("u5", 8, 50ms); // it has another id now, and boots
    states.clear();
    beat(5);
    say("ready", 5);
    ASSERT_TRUE(heard_all(8));
    for (const std::string& state : states) EXPECT_EQ(state, "u5 mark0"); // the first event may be told like it
    serve_for(400ms);
    EXPECT_EQ(silent, Strings{});
    beat(8);
    EXPECT_TRUE(serve_until([this] { return !silent.empty(); }));
}

TEST_F(PulseTest, TellsStatesPrintableAndBounded) {
    say("starting");
    pulse.listen("u5", 5, 1h);
    ASSERT_TRUE(serve_until([this] { return !states.empty(); }));
    EXPECT_EQ(states, Strings{"u5 starting"}); // what was there already
    say("ready");
    ASSERT_TRUE(serve_until([this] { return states.size() == 2; }));
    EXPECT_EQ(states[1], "u5 ready");
    say("failed: \x1b[2J\n" + std::string(3000, 'x'));
    ASSERT_TRUE(serve_until([this] { return states.size() == 3; }));
    EXPECT_EQ(states[2].find_first_of("\x1b\n"), std::string::npos);
    EXPECT_LT(states[2].size(), 300U);
}

TEST_F(PulseTest, AStateMayMakeItLeave) {
    pulse.listen("u5", 5, 1h);
    Pulse* inner = nullptr;
    int told = 0;
    Pulse other(loop, {[&](const std::string& uuid, const std::string&) {
                           ++told;
                           inner->leave(uuid);
                           inner->listen("u9", 9, 1h);
                       },
                       [](const std::string&) {}});
    inner = &other;
    other.listen("u5", 5, 1h);
    say("ready");
    ASSERT_TRUE(serve_until([&] { return told == 1; }));
    ASSERT_TRUE(heard_all());
    EXPECT_EQ(told, 1);
}

TEST_F(PulseTest, ALostConnectionIsNoDeathAndComesBack) {
    pulse.listen("u5", 5, 200ms);
    beat();
    ASSERT_TRUE(heard_all());
    std::filesystem::rename(socket, socket + ".away"); // nor can it be opened again
    xenstored.drop_connections();
    serve_for(800ms);
    EXPECT_EQ(silent, Strings{}); // nobody could hear it
    std::filesystem::rename(socket + ".away", socket);
    ASSERT_TRUE(heard_all());
    EXPECT_EQ(xenstored.requests(xen::wire::Type::watch), 4U);
    EXPECT_TRUE(serve_until([this] { return !silent.empty(); })); // and is heard again
}

TEST_F(PulseTest, XenstoredMayComeLater) {
    std::filesystem::rename(socket, socket + ".away");
    pulse.listen("u5", 5, 1h);
    pulse.leave("u5");
    pulse.listen("u5", 5, 1h);
    serve_for(100ms);
    std::filesystem::rename(socket + ".away", socket);
    EXPECT_TRUE(heard_all());
}

TEST_F(PulseTest, AFloodDoesNotStarveTheLoop) {
    pulse.listen("u5", 5, 1h);
    pulse.listen("u6", 6, 1h);
    ASSERT_TRUE(heard_all());
    std::atomic<bool> stop = false;
    std::atomic<int> written = 0;
    std::thread driver_domain([&] {
        const auto end = Clock::now() + 10s; // or the test never ends
        for (; !stop && Clock::now() < end; ++written) beat();
    });
    while (written < 1000) std::this_thread::yield();
    int rounds = 0;
    domain::Source timer;
    const std::function<void()> tick = [&] {
        if (++rounds < 5) timer = loop.after(1ms, tick).value();
    };
    timer = loop.after(1ms, tick).value();
    const auto begin = Clock::now();
    EXPECT_TRUE(serve_until([&] { return rounds == 5; }));
    EXPECT_LT(Clock::now() - begin, 8s);
    EXPECT_FALSE(written == 0 || stop);
    stop = true;
    driver_domain.join();
    EXPECT_TRUE(heard_all(6)); // and nothing is lost
    EXPECT_EQ(silent, Strings{});
}
