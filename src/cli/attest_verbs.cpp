#include "attest/client.hpp"
#include "attest/server.hpp"
#include "cli/client.hpp"
#include "cli/verb.hpp"

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "measure/event_log.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace bulkhead::cli {
namespace {

constexpr std::uint16_t default_port = 7717;

Result<std::string> wanted(const Arguments& arguments, const char* option) {
    auto value = arguments.value(option);
    if (!value) return usage_error(std::string("--") + option + " is missing");
    return *value;
}

struct Place {
    std::string host;
    std::uint16_t port = default_port;
};

// "HOST", "HOST:PORT", "[::1]:PORT".
Result<Place> parse_place(const std::string& text) {
    Place place;
    std::string port;
    if (text.starts_with('[') && text.find(']') != std::string::npos) {
        place.host = text.substr(1, text.find(']') - 1);
        const std::string rest = text.substr(text.find(']') + 1);
        if (!rest.empty() && !rest.starts_with(':'))
            return usage_error("'" + printable(text, 80) + "': [ADDRESS]:PORT");
        port = rest.empty() ? "" : rest.substr(1);
    } else {
        place.host = text.substr(0, text.find(':'));
        if (text.find(':') != std::string::npos) port = text.substr(text.find(':') + 1);
    }
    if (!port.empty()) {
        const auto number = parse_unsigned(port, UINT16_MAX);
        if (!number) return usage_error("'" + printable(text, 80) + "': a port is a number up to 65535");
        place.port = static_cast<std::uint16_t>(*number);
    }
    if (place.host.empty()) return usage_error("'" + printable(text, 80) + "': HOST or HOST:PORT");
    return place;
}

Result<int> serve(const Arguments& arguments) {
    const attest::Machines machines = TRY(attest::read_machines(TRY(wanted(arguments, "config"))));
    const attest::TlsContext tls = TRY(attest::TlsContext::server(
        TRY(wanted(arguments, "cert")), TRY(wanted(arguments, "key")), arguments.value("client-ca").value_or("")));
    const Place place = TRY(parse_place(arguments.value("listen").value_or("127.0.0.1")));
    attest::ServerOptions options;
    options.address = place.host;
    options.port = place.port;
    Loop loop;
    const bool json = arguments.has("json");
    const auto server = TRY(attest::Server::listen(loop, tls, machines, options, [json](const std::string& line) {
        if (json) {
            std::printf(
                "%s\n",
                nlohmann::json{{"event", line}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
            std::fflush(stdout);
        } else {
            log::info(line);
        }
    }));
    log::info("listens at " + options.address + " port " + std::to_string(server->port()) + " for " +
              std::to_string(machines.size()) + (machines.size() == 1 ? " machine" : " machines"));
    TRY(loop.run());
    return 0;
}

Result<int> attest_here(const Arguments& arguments) {
    const Place place = TRY(parse_place(arguments.positional()[0]));
    attest::ClientOptions options;
    options.host = place.host;
    options.port = place.port;
    options.machine = TRY(wanted(arguments, "name"));
    const std::string key_file = TRY(wanted(arguments, "ak"));
    const measure::TpmBlob key = TRY(context(measure::parse_key_file(TRY(read_file(key_file, 64 << 10))), key_file));
    const std::string log = TRY(read_file(TRY(wanted(arguments, "log")), attest::log_limit));
    const attest::TlsContext tls =
        TRY(attest::TlsContext::client(TRY(wanted(arguments, "server-cert")), arguments.value("cert").value_or(""),
                                       arguments.value("key").value_or("")));
    tpm::Connection connection = TRY(tpm::Connection::open(arguments.value("tcti").value_or("")));
    const tpm::Secret secret = TRY(attest::attest(options, tls, connection, key, log));
    if (const auto output = arguments.value("output"))
        TRY(write_file_atomic(*output, secret.view(), 0600));
    else
        TRY(write_all(STDOUT_FILENO, secret.view()));
    return 0;
}

} // namespace

const std::vector<Verb>& attest_verbs() {
    static const std::vector<Verb> verbs = {
        {"measure attest-server",
         "--config FILE --cert FILE --key FILE [--listen ADDRESS:PORT]",
         "release secrets to machines that prove what they booted",
         "FILE is JSON: for each machine its attestation key, the PCRs, the event lists of which one must be met, and "
         "the secret; docs/attestation.md. Speaks TLS 1.3 only and listens at the loopback, port 7717, unless --listen "
         "names an address. Every verdict is a line on the standard error, with --json an object on the standard "
         "output.",
         {{0, "config", "FILE", "the machines"},
          {0, "cert", "FILE", "the server's certificate, PEM"},
          {0, "key", "FILE", "its private key, PEM"},
          {0, "client-ca", "FILE", "clients must show a certificate that one of these signed"},
          {0, "listen", "ADDRESS", "address or ADDRESS:PORT (127.0.0.1:7717)"},
          json_option},
         0,
         0,
         serve},
        {"measure attest-client",
         "HOST[:PORT] --server-cert FILE --name NAME --ak FILE --log FILE",
         "prove what this machine booted and get its secret",
         "Has the TPM quote the PCRs that the server asks for, bound to this very connection, and sends the quote with "
         "the log. The secret goes to the standard output or to --output. A refusal says what differs.",
         {{0, "server-cert", "FILE", "exactly this certificate must be the server's, PEM"},
          {0, "name", "NAME", "the name that this machine is enrolled by"},
          {0, "ak", "FILE", "its attestation key, of `measure ak`"},
          {0, "log", "FILE", "what this boot measured: a log, or an event list"},
          {0, "cert", "FILE", "a certificate to show, PEM"},
          {0, "key", "FILE", "its private key, PEM"},
          {'o', "output", "FILE", "write the secret here (mode 0600)"},
          {0, "tcti", "NAME", "the TPM, as device:/dev/tpmrm0 (default: TPM2TOOLS_TCTI, or that)"}},
         1,
         1,
         attest_here},
    };
    return verbs;
}

} // namespace bulkhead::cli
