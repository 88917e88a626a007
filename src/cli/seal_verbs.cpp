#include "cli/client.hpp"
#include "cli/measure_files.hpp"
#include "cli/verb.hpp"

#include "base/fd.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "measure/tpm_key.hpp"
#include "tpm/attestation_key.hpp"
#include "tpm/sealing.hpp"

#include <cstdio>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace bulkhead::cli {
namespace {

using nlohmann::ordered_json;

constexpr Option tcti_option = {0, "tcti", "NAME", "the TPM, as device:/dev/tpmrm0 (default: TPM2TOOLS_TCTI, or that)"};
constexpr Option log_option = {0, "log", "FILE", "what this boot measured: a log, or a prediction of it"};
constexpr Option parent_option = {0, "parent", "KEY", "the storage key: ecc-p256 (default) or rsa2048",
                                  "ecc-p256 rsa2048"};

Result<std::string> required(const Arguments& arguments, const char* option) {
    auto value = arguments.value(option);
    if (!value) return usage_error(std::string("--") + option + " is missing");
    return *value;
}

Result<tpm::Connection> open_tpm(const Arguments& arguments) {
    return tpm::Connection::open(arguments.value("tcti").value_or(""));
}

Result<measure::ParentTemplate> read_parent(const Arguments& arguments) {
    const auto form = measure::parse_parent_template(arguments.value("parent").value_or("ecc-p256"));
    if (!form) return usage_error("--parent: ecc-p256 or rsa2048");
    return *form;
}

Result<std::optional<measure::EventList>> read_log(const Arguments& arguments) {
    const auto path = arguments.value("log");
    if (!path) return std::optional<measure::EventList>();
    return std::optional<measure::EventList>(TRY(read_list_file(*path)));
}

Result<std::vector<measure::SealedState>> read_states(const std::vector<std::string>& paths,
                                                      const measure::PcrSelection& selection) {
    std::vector<measure::SealedState> states;
    for (const std::string& path : paths) {
        const measure::EventList list = TRY(read_list_file(path));
        states.push_back(TRY(context(measure::state_of(path, list, selection), path)));
    }
    return states;
}

// The state that the machine is in, with the events that led to it when a log tells them.
Result<measure::SealedState> present_state(tpm::Connection& connection, const measure::PcrSelection& selection,
                                           const std::optional<measure::EventList>& log) {
    measure::SealedState state{"present", TRY(connection.read_pcrs(selection)), std::nullopt};
    if (!log) return state;
    measure::SealedState told = TRY(measure::state_of(state.name, *log, selection));
    for (const auto& [bank, pcrs] : state.values) {
        for (const auto& [pcr, value] : pcrs) {
            if (told.values.at(bank).at(pcr) != value)
                return fail("the log is not that of this boot: it leads to another PCR " + std::to_string(pcr) + " (" +
                            std::string(measure::bank_name(bank)) + ") than the TPM has");
        }
    }
    return told;
}

Result<tpm::Secret> read_secret(const Arguments& arguments) {
    const auto path = arguments.value("secret");
    if (!path) return tpm::Secret::read(STDIN_FILENO, tpm::sealed_limit);
    const Fd file(::open(path->c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return fail_errno(*path);
    return context(tpm::Secret::read(file.get(), tpm::sealed_limit), *path);
}

int show_states(const Arguments& arguments, const measure::SealedFile& file) {
    ordered_json names = ordered_json::array();
    for (const measure::SealedState& state : file.states) names.push_back(state.name);
    if (arguments.has("json"))
        print_json(ordered_json{{"pcrs", measure::to_text(file.selection)}, {"states", names}});
    else
        for (const measure::SealedState& state : file.states)
            std::printf("opens in: %s\n", printable(state.name).c_str());
    return 0;
}

Result<int> seal(const Arguments& arguments) {
    const measure::PcrSelection selection = TRY(measure::parse_pcr_selection(TRY(required(arguments, "pcrs"))));
    const std::string output = TRY(required(arguments, "output"));
    const measure::ParentTemplate parent = TRY(read_parent(arguments));
    const auto log = TRY(read_log(arguments));
    std::vector<measure::SealedState> states = TRY(read_states(arguments.values("state"), selection));
    tpm::Connection connection = TRY(open_tpm(arguments));
    if (states.empty() || log) states.insert(states.begin(), TRY(present_state(connection, selection, log)));
    const tpm::Secret secret = TRY(read_secret(arguments));
    const measure::SealedFile file = TRY(tpm::seal(connection, secret, selection, std::move(states), parent));
    TRY(write_file_atomic(output, measure::sealed_file_json(file), 0600));
    return show_states(arguments, file);
}

Result<measure::SealedFile> read_sealed(const std::string& path) {
    return context(measure::parse_sealed_file(TRY(read_file(path, measure::sealed_file_limit))), path);
}

Result<int> unseal(const Arguments& arguments) {
    const measure::SealedFile file = TRY(read_sealed(arguments.positional()[0]));
    const auto log = TRY(read_log(arguments));
    tpm::Connection connection = TRY(open_tpm(arguments));
    const tpm::Secret secret = TRY(tpm::unseal(connection, file, log ? &*log : nullptr));
    if (const auto output = arguments.value("output"))
        TRY(write_file_atomic(*output, secret.view(), 0600));
    else
        TRY(write_all(STDOUT_FILENO, secret.view()));
    return 0;
}

Result<int> seal_forward(const Arguments& arguments) {
    const std::string& path = arguments.positional()[0];
    const measure::SealedFile file = TRY(read_sealed(path));
    std::vector<measure::SealedState> next = TRY(read_states(arguments.values("next"), file.selection));
    if (next.empty()) return usage_error("measure seal-forward: --next FILE is missing: a prediction of the next boot");
    const auto log = TRY(read_log(arguments));
    tpm::Connection connection = TRY(open_tpm(arguments));
    const measure::SealedFile forward =
        TRY(tpm::seal_forward(connection, file, std::move(next), log ? &*log : nullptr));
    TRY(write_file_atomic(arguments.value("output").value_or(path), measure::sealed_file_json(forward), 0600));
    return show_states(arguments, forward);
}

Result<int> attestation_key(const Arguments& arguments) {
    const std::string output = TRY(required(arguments, "output"));
    const auto public_file = arguments.value("public");
    const measure::ParentTemplate parent = TRY(read_parent(arguments));
    tpm::Connection connection = TRY(open_tpm(arguments));
    const measure::TpmBlob key = TRY(tpm::create_attestation_key(connection, parent));
    const measure::TpmKey checked = TRY(measure::TpmKey::parse(key.public_area));
    TRY(write_file_atomic(output, measure::key_file_json(key), 0600));
    if (public_file) TRY(write_file_atomic(*public_file, key.public_area));
    if (arguments.has("json"))
        print_json(ordered_json{{"key", checked.description()}, {"fingerprint", to_hex(checked.fingerprint())}});
    else
        std::printf("%s, fingerprint %s\n", checked.description().c_str(), to_hex(checked.fingerprint()).c_str());
    return 0;
}

Result<int> make_quote(const Arguments& arguments) {
    const std::string& path = arguments.positional()[0];
    const measure::TpmBlob key = TRY(context(measure::parse_key_file(TRY(read_file(path, 64 << 10))), path));
    const measure::PcrSelection selection = TRY(measure::parse_pcr_selection(TRY(required(arguments, "pcrs"))));
    const auto nonce = from_hex(TRY(required(arguments, "nonce")));
    if (!nonce || nonce->empty() || nonce->size() > 64) return usage_error("--nonce: 1 to 64 bytes in hexadecimal");
    const std::string quote_file = TRY(required(arguments, "quote"));
    const std::string signature_file = TRY(required(arguments, "signature"));
    tpm::Connection connection = TRY(open_tpm(arguments));
    const tpm::SignedQuote made = TRY(tpm::quote(connection, key, selection, *nonce));
    TRY(write_file_atomic(quote_file, made.quote));
    TRY(write_file_atomic(signature_file, made.signature));
    if (arguments.has("json")) print_json(ordered_json{{"quote", quote_file}, {"signature", signature_file}});
    return 0;
}

} // namespace

const std::vector<Verb>& seal_verbs() {
    static const std::vector<Verb> verbs = {
        {"measure seal",
         "--pcrs LIST --output FILE [--state LIST]... [--log LOG]",
         "seal a secret to states of this machine's TPM",
         "The secret, up to 128 bytes, comes from the standard input or from --secret (/dev/fd/3 for a descriptor), "
         "never from the command line. It opens in the state that each --state leads to (event lists of `measure "
         "predict --json`, or logs; up to eight), and without any in the present state. --log, which must be of this "
         "boot, adds the present state and stores what led to it, so that a refusal can name the event.",
         {{0, "pcrs", "LIST", "as sha256:8,9"},
          {0, "state", "FILE", "a state that opens it: an event list or a log"},
          log_option,
          {0, "secret", "FILE", "read the secret from here"},
          {'o', "output", "FILE", "where the sealed secret goes (mode 0600)"},
          parent_option,
          tcti_option,
          json_option},
         0,
         0,
         seal},
        {"measure unseal",
         "FILE [--log LOG] [--output FILE]",
         "open a sealed secret, or say what changed",
         "Writes the secret as it is. When the machine is in another state the error names the PCR, and with --log "
         "(the boot's log, or a prediction from the files that it booted) the event: \"PCR 9, event 31: /boot/vmlinuz "
         "differs\".",
         {log_option, {'o', "output", "FILE", "write the secret here (mode 0600)"}, tcti_option},
         1,
         1,
         unseal},
        {"measure seal-forward",
         "FILE --next LIST...",
         "let a sealed secret open after the next update too",
         "Opens the secret in the present state and seals it again to that state and to what each --next leads to: "
         "`measure predict --json` of the next kernel. States that are neither go away.",
         {{0, "next", "FILE", "a state to come: an event list"},
          log_option,
          {'o', "output", "FILE", "instead of FILE itself"},
          tcti_option,
          json_option},
         1,
         1,
         seal_forward},
        {"measure ak",
         "--output FILE [--public FILE]",
         "make an attestation key in this machine's TPM",
         "An ECDSA key on P-256 that signs only what the TPM made itself. FILE holds it encrypted by the TPM's storage "
         "key; --public is what a verifier enrols (TPM2B_PUBLIC). Nothing proves to the verifier that a public half "
         "comes from a TPM at all: carry it there by hand.",
         {{'o', "output", "FILE", "where the key goes (mode 0600)"},
          {0, "public", "FILE", "where the public half goes"},
          parent_option,
          tcti_option,
          json_option},
         0,
         0,
         attestation_key},
        {"measure quote",
         "KEY --pcrs LIST --nonce HEX --quote FILE --signature FILE",
         "have the TPM sign its PCRs",
         "KEY is a file of `measure ak`. `measure verify` and `tpm2_checkquote` check what it writes.",
         {{0, "pcrs", "LIST", "as sha256:8,9"},
          {0, "nonce", "HEX", "what the verifier asked for"},
          {0, "quote", "FILE", "what was signed"},
          {0, "signature", "FILE", "the signature"},
          tcti_option,
          json_option},
         1,
         1,
         make_quote},
    };
    return verbs;
}

} // namespace bulkhead::cli
