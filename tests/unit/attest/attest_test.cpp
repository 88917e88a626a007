// Server and client on the loopback, with a software TPM.
#include "attest/client.hpp"
#include "attest/server.hpp"
#include "tpm/attestation_key.hpp"
#include "unit/tpm/machine.hpp"

#include "base/file.hpp"
#include "measure/event_list_json.hpp"

#include <condition_variable>
#include <csignal>
#include <gmock/gmock.h>
#include <mutex>
#include <poll.h>
#include <sys/eventfd.h>
#include <thread>

namespace bulkhead::attest {
namespace {

using namespace std::chrono_literals;
using bulkhead::test::SoftwareTpm;
using measure::EventList;
using ::testing::HasSubstr;
using tpm::test::boot;
using tpm::test::boot_list;

const std::string secret_text = "what the machine is for";

void certificate(const SoftwareTpm& tpm, const std::string& name) {
    const auto made =
        tpm.tool({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                  "/CN=" + name, "-days", "2", "-keyout", name + ".key", "-out", name + ".crt"});
    ASSERT_TRUE(made) << made.error().message;
}

// A server in a thread of its own, with the machine "web1"; its reports can be waited for.
class Running {
public:
    Running(const SoftwareTpm& tpm, const measure::TpmBlob& key, const std::vector<EventList>& expected,
            const ServerOptions& options = {}, const std::string& client_authority = {})
        : stop_(::eventfd(0, EFD_CLOEXEC)) {
        certificate(tpm, "server");
        std::string lists;
        for (std::size_t i = 0; i < expected.size(); ++i) {
            const std::string name = "expected" + std::to_string(i);
            EXPECT_TRUE(write_file_atomic(tpm.file(name), measure::event_list_json(expected[i])));
            lists += (i == 0 ? "\"" : ",\"") + name + "\"";
        }
        EXPECT_TRUE(write_file_atomic(tpm.file("web1.pub"), key.public_area));
        EXPECT_TRUE(write_file_atomic(tpm.file("web1.secret"), secret_text, 0600));
        EXPECT_TRUE(
            write_file_atomic(tpm.file("machines.json"),
                              R"({"machines":{"web1":{"key":"web1.pub","pcrs":"sha256:8,9","secret":"web1.secret",)"
                              R"("expected":[)" +
                                  lists + "]}}}"));
        auto machines = read_machines(tpm.file("machines.json"));
        if (!machines) throw std::runtime_error(machines.error().message);
        machines_ = std::move(*machines);
        tls_.emplace(TlsContext::server(tpm.file("server.crt"), tpm.file("server.key"), client_authority).value());
        server_ = Server::listen(loop_, *tls_, machines_, options, [this](const std::string& line) {
                      const std::lock_guard lock(mutex_);
                      reports_ += line + "\n";
                      changed_.notify_all();
                  }).value();
        port = server_->port();
        loop_.watch(stop_.get(), POLLIN, [this](short) { loop_.stop(); });
        thread_ = std::thread([this] { static_cast<void>(loop_.run()); });
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() {
        ::eventfd_write(stop_.get(), 1);
        thread_.join();
    }
    // Everything reported until a line with `words` came; at most half a minute.
    std::string reported(const std::string& words) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, 30s, [&] { return reports_.find(words) != std::string::npos; });
        return reports_;
    }

    std::uint16_t port = 0;

private:
    Fd stop_;
    Machines machines_;
    std::optional<TlsContext> tls_;
    Loop loop_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::string reports_;
    std::unique_ptr<Server> server_;
    std::thread thread_;
};

class Attestation : public ::testing::Test {
protected:
    Attestation() {
        std::signal(SIGPIPE, SIG_IGN); // NOLINT: as main() does
        auto connection = tpm::test::open(tpm);
        key = tpm::create_attestation_key(connection, measure::ParentTemplate::ecc_p256).value();
    }
    [[nodiscard]] TlsContext pinned() const { return TlsContext::client(tpm.file("server.crt"), "", "").value(); }
    [[nodiscard]] ClientOptions to(const Running& server, const std::string& name = "web1") const {
        ClientOptions options;
        options.host = "127.0.0.1";
        options.port = server.port;
        options.machine = name;
        options.deadline = 30s;
        return options;
    }
    // The secret, or "REFUSED why".
    std::string result(const Running& server, const EventList& log, const measure::TpmBlob& with,
                       const std::string& name = "web1") {
        auto connection = tpm::test::open(tpm);
        const TlsContext tls = pinned();
        const auto secret = attest(to(server, name), tls, connection, with, measure::event_list_json(log));
        return secret ? std::string(secret->view()) : "REFUSED " + secret.error().message;
    }
    // A channel that has said hello, and the challenge that came.
    struct Asked {
        Channel channel;
        Challenge challenge;
    };
    Asked ask(const Running& server, const TlsContext& tls) {
        Channel channel = Channel::connect("127.0.0.1", server.port, tls, 30s).value();
        EXPECT_TRUE(channel.send(Hello{"web1"}));
        Challenge challenge = std::get<Challenge>(channel.receive().value());
        return {std::move(channel), std::move(challenge)};
    }
    Evidence evidence(const Asked& asked, const Challenge& challenge, const EventList& log) {
        auto connection = tpm::test::open(tpm);
        return make_evidence(connection, key, "web1", challenge, asked.channel.exported().value(),
                             measure::event_list_json(log))
            .value();
    }
    static std::string refusal_of(Channel& channel, const Evidence& sent) {
        if (const auto went = channel.send(sent); !went) return went.error().message;
        const auto answer = channel.receive();
        if (!answer) return answer.error().message;
        const auto* refused = std::get_if<Refusal>(&*answer);
        return refused != nullptr ? refused->why : "RELEASED";
    }

    SoftwareTpm tpm;
    measure::TpmBlob key;
    EventList good = boot_list("kernel 1"), changed = boot_list("kernel 2");
};

TEST_F(Attestation, AGoodMachineGetsItsSecretAndAChangedOneIsNamed) {
    {
        Running server(tpm, key, {good});
        boot(tpm, good);
        EXPECT_EQ(result(server, good, key), secret_text);
        EXPECT_EQ(result(server, good, key), secret_text);
        EXPECT_THAT(server.reported("released"), HasSubstr("web1 (127.0.0.1): released"));
        EXPECT_THAT(result(server, good, key, "web2"), HasSubstr("no machine of this name is enrolled"));
        // A log that is not this boot's.
        EXPECT_THAT(result(server, changed, key), HasSubstr("PCR 9: the log leads to sha256"));
    }
    tpm.restart();
    boot(tpm, changed);
    Running server(tpm, key, {good});
    EXPECT_THAT(result(server, changed, key), HasSubstr("PCR 9, event 2: /boot/vmlinuz differs"));
    EXPECT_THAT(server.reported("refused"),
                HasSubstr("web1 (127.0.0.1): refused: PCR 9, event 2: /boot/vmlinuz differs"));
    EXPECT_THAT(result(server, good, key), HasSubstr("PCR 9: the log leads to sha256"));
    Running both(tpm, key, {good, changed});
    EXPECT_EQ(result(both, changed, key), secret_text);
}

TEST_F(Attestation, AnotherKeyIsRefused) {
    boot(tpm, good);
    Running server(tpm, key, {good});
    auto connection = tpm::test::open(tpm);
    const auto other = tpm::create_attestation_key(connection, measure::ParentTemplate::ecc_p256).value();
    const auto tls = pinned();
    const auto secret = attest(to(server), tls, connection, other, measure::event_list_json(good));
    ASSERT_FALSE(secret);
    EXPECT_THAT(secret.error().message, HasSubstr("the signature is not this key's"));
}

TEST_F(Attestation, AMessageOfAnotherConnectionIsRefused) {
    boot(tpm, good);
    Running server(tpm, key, {good});
    const TlsContext tls = pinned();
    Asked first = ask(server, tls);
    const Evidence sent = evidence(first, first.challenge, good);
    EXPECT_EQ(refusal_of(first.channel, sent), "RELEASED");
    Asked second = ask(server, tls);
    EXPECT_NE(second.challenge.nonce, first.challenge.nonce);
    EXPECT_THAT(refusal_of(second.channel, sent), HasSubstr("another nonce"));
    // The nonce of the one connection answered on the other: a machine in the middle.
    Asked third = ask(server, tls), fourth = ask(server, tls);
    EXPECT_THAT(refusal_of(fourth.channel, evidence(third, fourth.challenge, good)), HasSubstr("another nonce"));
    EXPECT_THAT(refusal_of(third.channel, evidence(third, fourth.challenge, good)), HasSubstr("another nonce"));
}

TEST_F(Attestation, WhoStallsIsDroppedWhileOthersAreServed) {
    boot(tpm, good);
    ServerOptions options;
    options.hello_wait = 3s;
    Running server(tpm, key, {good}, options);
    const TlsContext tls = pinned();
    Channel silent = Channel::connect("127.0.0.1", server.port, tls, 20s).value();
    EXPECT_EQ(result(server, good, key), secret_text);
    EXPECT_FALSE(silent.receive());
    EXPECT_THAT(server.reported("no hello"), HasSubstr("said no hello in time"));
}

TEST_F(Attestation, ANonceExpires) {
    boot(tpm, good);
    ServerOptions options;
    options.evidence_wait = 100ms;
    Running server(tpm, key, {good}, options);
    const TlsContext tls = pinned();
    Asked asked = ask(server, tls);
    EXPECT_THAT(server.reported("nonce lived"), HasSubstr("sent no quote while its nonce lived"));
    EXPECT_THAT(refusal_of(asked.channel, {"q", "s", "v", "l"}), ::testing::Not("RELEASED"));
}

TEST_F(Attestation, MessagesOutOfTurnAndTooManyClientsAreTurnedAway) {
    boot(tpm, good);
    ServerOptions options;
    options.clients = 1;
    Running server(tpm, key, {good}, options);
    const TlsContext tls = pinned();
    {
        Channel channel = Channel::connect("127.0.0.1", server.port, tls, 20s).value();
        EXPECT_FALSE(Channel::connect("127.0.0.1", server.port, tls, 20s));
        EXPECT_THAT(server.reported("turned away"), HasSubstr("there are 1 clients already"));
        EXPECT_TRUE(channel.send(Refusal{"no"}));
        EXPECT_FALSE(channel.receive());
        EXPECT_THAT(server.reported("not asked for"), HasSubstr("sent a message that was not asked for"));
    }
    {
        Channel channel = Channel::connect("127.0.0.1", server.port, tls, 20s).value();
        EXPECT_TRUE(channel.send(Evidence{"q", "s", "v", std::string(1000, 'l')}));
        EXPECT_FALSE(channel.receive());
        EXPECT_THAT(server.reported("sent no message"), HasSubstr("are expected here"));
    }
    EXPECT_EQ(result(server, good, key), secret_text);
}

TEST_F(Attestation, BothEndsMayBeHeldToACertificate) {
    boot(tpm, good);
    certificate(tpm, "client");
    certificate(tpm, "stranger");
    Running server(tpm, key, {good}, {}, tpm.file("client.crt"));
    auto connection = tpm::test::open(tpm);
    const std::string log = measure::event_list_json(good);
    const auto known =
        TlsContext::client(tpm.file("server.crt"), tpm.file("client.crt"), tpm.file("client.key")).value();
    EXPECT_TRUE(attest(to(server), known, connection, key, log));
    const auto nobody = pinned();
    EXPECT_FALSE(attest(to(server), nobody, connection, key, log));
    const auto stranger =
        TlsContext::client(tpm.file("server.crt"), tpm.file("stranger.crt"), tpm.file("stranger.key")).value();
    EXPECT_FALSE(attest(to(server), stranger, connection, key, log));
    // A server with another certificate.
    const auto misled =
        TlsContext::client(tpm.file("stranger.crt"), tpm.file("client.crt"), tpm.file("client.key")).value();
    const auto wrong = attest(to(server), misled, connection, key, log);
    ASSERT_FALSE(wrong);
    EXPECT_THAT(wrong.error().message, HasSubstr("certificate verify failed"));
}

TEST_F(Attestation, TheMachinesFileIsCheckedAtOnce) {
    EXPECT_TRUE(write_file_atomic(tpm.file("key"), key.public_area));
    EXPECT_TRUE(write_file_atomic(tpm.file("list"), measure::event_list_json(good)));
    EXPECT_TRUE(write_file_atomic(tpm.file("secret"), "s"));
    const auto error = [&](const std::string& machine) {
        EXPECT_TRUE(write_file_atomic(tpm.file("machines"), R"({"machines":{"a":)" + machine + "}}"));
        const auto machines = read_machines(tpm.file("machines"));
        return machines ? std::string() : machines.error().message;
    };
    EXPECT_EQ(error(R"({"key":"key","pcrs":"sha256:8","expected":["list"],"secret":"secret"})"), "");
    EXPECT_THAT(error(R"({"key":"list","pcrs":"sha256:8","expected":["list"],"secret":"secret"})"), HasSubstr("a: "));
    EXPECT_THAT(error(R"({"key":"key","pcrs":"sha1:8","expected":["list"],"secret":"secret"})"),
                HasSubstr("no bank sha1"));
    EXPECT_THAT(error(R"({"key":"key","pcrs":"sha256:8","expected":[],"secret":"secret"})"), HasSubstr("'expected'"));
    EXPECT_THAT(error(R"({"key":"key","pcrs":"sha256:8","expected":["list"],"secret":"none"})"), HasSubstr("none"));
    EXPECT_THAT(error(R"({"key":"key","pcr":"sha256:8","expected":["list"],"secret":"secret"})"), HasSubstr("'pcr'"));
    EXPECT_THAT(error("1"), HasSubstr("not an object"));
}

} // namespace
} // namespace bulkhead::attest
