#include "attest/enrolment.hpp"

#include "base/file.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "measure/event_list_json.hpp"
#include "measure/event_log.hpp"
#include "measure/quote_check.hpp"

#include <algorithm>
#include <fcntl.h>
#include <nlohmann/json.hpp>

namespace bulkhead::attest {
namespace {

using nlohmann::json;

constexpr std::size_t machine_limit = 10000;

Result<std::string> text_of(const json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_string()) return fail(std::string("'") + key + "' is missing or no text");
    return found->get<std::string>();
}

std::string beside(const std::string& folder, const std::string& path) {
    return path.starts_with('/') ? path : folder + path;
}

Result<measure::EventList> read_expected(const std::string& path, const measure::PcrSelection& selection) {
    const std::string bytes = TRY(read_file(path, measure::event_log_limit));
    measure::EventList list = TRY(context(measure::read_event_list(bytes), path));
    TRY(context(measure::selected_values(list, selection), path));
    return list;
}

Result<Machine> read_machine(const json& object, const std::string& folder) {
    if (!object.is_object()) return fail("not an object");
    for (const auto& [key, value] : object.items()) {
        if (key != "key" && key != "pcrs" && key != "expected" && key != "secret")
            return fail("'" + printable(key, 40) + "' is none of key, pcrs, expected, secret");
    }
    const std::string key_file = beside(folder, TRY(text_of(object, "key")));
    const std::string key_bytes = TRY(read_file(key_file, measure::tpm_file_limit));
    measure::TpmKey key = TRY(context(measure::TpmKey::parse(key_bytes), key_file));
    measure::PcrSelection selection = TRY(measure::parse_pcr_selection(TRY(text_of(object, "pcrs"))));
    std::vector<measure::EventList> expected;
    const auto lists = object.find("expected");
    if (lists == object.end() || !lists->is_array() || lists->empty() || lists->size() > 64)
        return fail("'expected' is missing or no list of 1 to 64 files");
    for (const json& list : *lists) {
        if (!list.is_string()) return fail("'expected' holds something that is no path");
        expected.push_back(TRY(read_expected(beside(folder, list.get<std::string>()), selection)));
    }
    const std::string secret_file = beside(folder, TRY(text_of(object, "secret")));
    const Fd file(::open(secret_file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return fail_errno(secret_file);
    tpm::Secret secret = TRY(context(tpm::Secret::read(file.get(), secret_limit), secret_file));
    return Machine{std::move(key), std::move(selection), std::move(expected), std::move(secret)};
}

} // namespace

Result<Machines> read_machines(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
    json root;
    TRY(context(parse_json_object(TRY(read_file(path, 4 << 20)), 4 << 20, root), path));
    const auto list = root.find("machines");
    if (list == root.end() || !list->is_object() || list->empty() || list->size() > machine_limit)
        return fail(path + ": 'machines' is missing or no object of 1 to " + std::to_string(machine_limit));
    Machines machines;
    for (const auto& [name, object] : list->items()) {
        if (name.empty() || name.size() > 64) return fail(path + ": a machine's name has 1 to 64 bytes");
        machines.emplace(name, TRY(context(read_machine(object, folder), path + ": " + printable(name, 64))));
    }
    return machines;
}

std::optional<std::string> refusal(const Machine& machine, std::string_view qualifying, const Evidence& evidence) {
    const auto quote = measure::authenticate(machine.key, evidence.quote, evidence.signature, qualifying);
    if (!quote) return quote.error().message;
    if (quote->quote.selection != machine.selection)
        return "the quote covers " + measure::to_text(quote->quote.selection) + ", not " +
               measure::to_text(machine.selection);
    const auto log = measure::read_event_list(evidence.log);
    if (!log) return "the log: " + log.error().message;
    std::optional<std::string> why;
    for (const measure::EventList& expected : machine.expected) {
        const auto verdict = measure::judge(*quote, *log, &expected, &evidence.values);
        if (verdict && verdict->holds()) return std::nullopt;
        if (why) continue; // the first list is what the words are about
        if (!verdict) {
            why = verdict.error().message;
        } else {
            std::vector<std::string> faults = verdict->faults;
            faults.resize(std::min<std::size_t>(faults.size(), 8));
            why = join(faults, "; ");
        }
    }
    return why;
}

} // namespace bulkhead::attest
