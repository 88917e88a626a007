#include "flask_oracle.hpp"

#include "base/file.hpp"
#include "base/process.hpp"
#include "base/text.hpp"

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <map>

namespace bulkhead::policy {
namespace {

using namespace std::chrono_literals;

struct Folder {
    Folder() {
        char name[] = "/tmp/bulkhead-flask-XXXXXX";
        path = ::mkdtemp(name);
    }
    ~Folder() { std::filesystem::remove_all(path); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::string path;
};

std::string context_of(const std::string& type) {
    const bool object = type.ends_with("_channel") || type.rfind("acm_res_", 0) == 0 || type == "device_t";
    return (object ? "system_u:object_r:" : "system_u:system_r:") + type;
}

} // namespace

Result<FlaskOracle> FlaskOracle::compile(const std::string& module, const std::string& more) {
    const Folder folder;
    const std::string base = std::string(FLASK_BASE), path = folder.path + "/module.te";
    TRY(write_file_atomic(path, module + more));
    FlaskOracle oracle;
    oracle.conf_ = TRY(run_checked({"m4", "-s", base + "/head.m4", path, base + "/tail.m4"}, 60s));
    const std::string conf = folder.path + "/policy.conf";
    TRY(write_file_atomic(conf, oracle.conf_));
    TRY(run_checked({"checkpolicy", "-t", "Xen", "-c", "30", "-o", folder.path + "/policy", conf}, 60s));
    return oracle;
}

// checkpolicy -d has a menu: 2 a context's SID, 0 the access vector of two SIDs, f the booleans, h changes one.
FlaskOracle::Answers FlaskOracle::ask(const std::vector<Question>& questions, const std::set<std::string>& on,
                                      const std::set<std::string>& off,
                                      const std::vector<std::string>& contexts) const {
    Answers answers;
    const Folder folder;
    const std::string conf = folder.path + "/policy.conf";
    EXPECT_TRUE(write_file_atomic(conf, conf_));
    std::map<std::string, int> sids;
    std::vector<std::string> order;
    const auto want = [&](const std::string& context) {
        if (sids.emplace(context, 0).second) order.push_back(context);
    };
    for (const Question& question : questions) {
        want(context_of(question.source));
        want(context_of(question.target));
    }
    for (const std::string& context : contexts) want(context);
    std::string input;
    for (const std::string& context : order) input += "2\n" + context + "\n";
    const auto say = [&](const std::string& text) -> std::vector<std::string> {
        const auto output = run({"checkpolicy", "-d", "-t", "Xen", "-c", "30", conf}, 100s, text);
        EXPECT_TRUE(output) << (output ? "" : output.error().message);
        std::vector<std::string> lines;
        if (output) {
            for (const std::string_view line : split(output->out, '\n')) lines.emplace_back(line);
        }
        return lines;
    };
    // The text behind the last prompt: menus and prompts end without a line end.
    const auto behind = [](const std::string& line, const std::string& mark) -> std::string {
        const std::size_t at = line.rfind(mark);
        return at == std::string::npos ? "" : std::string(trim(std::string_view(line).substr(at + mark.size())));
    };
    std::size_t next = 0;
    for (const std::string& line : say(input + "q\n")) {
        if (line.rfind("sid ", 0) == 0 && next < order.size())
            sids[order[next++]] = static_cast<int>(*parse_unsigned(line.substr(4)));
    }
    EXPECT_EQ(next, order.size()) << "checkpolicy does not know a context";
    for (const auto& [names, value] : {std::pair{on, "1"}, std::pair{off, "0"}}) {
        for (const std::string& name : names) input += "h\n" + name + "\n" + value + "\n";
    }
    for (const Question& question : questions) {
        input += "0\n" + std::to_string(sids[context_of(question.source)]) + "\n" +
                 std::to_string(sids[context_of(question.target)]) + "\n" + question.object_class + "\n";
    }
    for (const std::string& line : say(input + "q\n")) {
        const std::string list = behind(line, "allowed {");
        if (line.find("allowed {") == std::string::npos) continue;
        std::set<std::string> permissions;
        for (const std::string_view word : words(list)) {
            if (word != "}") permissions.emplace(word);
        }
        answers.allowed.push_back(std::move(permissions));
    }
    EXPECT_EQ(answers.allowed.size(), questions.size());
    answers.allowed.resize(questions.size());
    for (const std::string& context : contexts) answers.sids.push_back(sids[context]);
    return answers;
}

} // namespace bulkhead::policy
