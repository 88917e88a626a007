#include "lab/state.hpp"

#include "base/file.hpp"
#include "base/text.hpp"

#include <nlohmann/json.hpp>
#include <sys/syscall.h>
#include <unistd.h>

namespace bulkhead::lab {

std::string encode_state(const LabState& state) {
    const nlohmann::ordered_json json = {{"name", state.name},       {"pid", state.pid},
                                         {"start", state.start},     {"accelerator", state.accelerator},
                                         {"nic", state.nic},         {"xenstored", state.xenstored},
                                         {"memory", state.memory},   {"created", state.created},
                                         {"seconds", state.seconds}, {"ready", state.ready}};
    return json.dump(2) + "\n";
}

Result<LabState> decode_state(std::string_view text) {
    try {
        const auto json = nlohmann::json::parse(text);
        LabState state;
        json.at("name").get_to(state.name);
        json.at("pid").get_to(state.pid);
        json.at("start").get_to(state.start);
        json.at("accelerator").get_to(state.accelerator);
        json.at("nic").get_to(state.nic);
        json.at("xenstored").get_to(state.xenstored);
        json.at("memory").get_to(state.memory);
        json.at("created").get_to(state.created);
        json.at("seconds").get_to(state.seconds);
        json.at("ready").get_to(state.ready);
        if (state.pid <= 1) return fail("the lab's state file names an impossible process");
        return state;
    } catch (const nlohmann::json::exception& problem) {
        return fail(std::string("the lab's state file is damaged: ") + problem.what());
    }
}

Result<std::uint64_t> parse_process_start(std::string_view stat) {
    // "PID (COMMAND) S PPID …": the command ends at the last ')'; the start time is the 20th word after it (proc(5)).
    const std::size_t end = stat.rfind(')');
    if (end == std::string_view::npos) return fail("/proc/PID/stat: not understood");
    const auto fields = words(stat.substr(end + 1));
    if (fields.size() < 20) return fail("/proc/PID/stat: too short");
    const auto start = parse_unsigned(fields[19]);
    if (!start) return fail("/proc/PID/stat: no start time");
    return *start;
}

Result<std::uint64_t> process_start(int pid) {
    const std::string stat = TRY(read_file("/proc/" + std::to_string(pid) + "/stat", 4096));
    return parse_process_start(stat);
}

Result<Fd> open_process(const LabState& state) {
    Fd process(static_cast<int>(::syscall(SYS_pidfd_open, state.pid, 0)));
    if (!process) return fail_errno("process " + std::to_string(state.pid));
    // Looked at after pidfd_open: from here on the descriptor cannot come to mean another process.
    const std::uint64_t start = TRY(process_start(state.pid));
    if (start != state.start) return fail("process " + std::to_string(state.pid) + " is another one by now", ESRCH);
    return process;
}

} // namespace bulkhead::lab
