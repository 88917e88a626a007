// What happens to a host's domains when the host starts and stops.
#include "cli/verb.hpp"

#include "base/file.hpp"
#include "base/log.hpp"
#include "cli/client.hpp"
#include "cli/create_call.hpp"
#include "cli/start_order.hpp"
#include "cli/xendomains.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <unistd.h>

namespace bulkhead::cli {
namespace {

using nlohmann::json;

constexpr const char* settings_file = "/etc/default/xendomains";
constexpr std::size_t config_limit = 256 * 1024;

Result<XendomainsSettings> read_settings() {
    if (!exists(settings_file)) return XendomainsSettings();
    return parse_xendomains(TRY(read_file(settings_file, config_limit)), settings_file);
}

constexpr std::string_view restoring = ".restoring"; // behind the name of an image whose domain may run already

// A folder's files in the order of their names; no folder, no files. Hidden files, an editor's leavings and images that
// are being written or read are none.
std::vector<std::string> files_of(const std::string& folder) {
    std::vector<std::string> files;
    std::error_code error;
    if (folder.empty()) return files;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        const bool left =
            name[0] == '.' || name.ends_with('~') || name.ends_with(".partial") || name.ends_with(restoring);
        if (!left && entry.is_regular_file(error)) files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
    return files;
}

// What shall happen to one domain, and what became of it.
struct Task {
    Startable domain;
    std::string verb;
    json request;
    std::string file; // of `restore`: the image
    std::string error;
};

// Its name and its backends, as its configuration says them.
Result<Startable> describe(const json& request) {
    const json answer = TRY(ask("dry-run", request));
    const json config = json::parse(answer.value("text", ""), nullptr, false);
    Startable domain;
    if (!config.is_object() || !config.contains("c_info")) return fail("bulkheadd's answer is not understood");
    domain.name = config["c_info"].value("name", "");
    for (const char* devices : {"nics", "disks"}) {
        if (!config.contains(devices)) continue;
        for (const json& device : config[devices]) {
            if (const std::string backend = device.value("backend_domname", ""); !backend.empty())
                domain.backends.push_back(backend);
        }
    }
    return domain;
}

// Groups one after the other, the domains of a group side by side.
void carry_out(std::vector<Task>& tasks, const std::function<void(Task&, Client&)>& finish) {
    std::vector<Startable> domains;
    for (const Task& task : tasks) domains.push_back(task.domain);
    for (const std::vector<std::size_t>& group : start_order(domains)) {
        std::vector<std::pair<Task*, Client>> running;
        for (const std::size_t i : group) {
            Task& task = tasks[i];
            Result<Client> client = Client::open();
            if (client) client->set_quiet(true); // several speak at once
            const Status sent = client ? client->send(task.verb, task.request) : tl::unexpected(client.error());
            if (sent)
                running.emplace_back(&task, std::move(*client));
            else
                task.error = sent.error().message;
        }
        for (auto& [task, client] : running) finish(*task, client);
    }
}

int report(const Arguments& arguments, const std::vector<Task>& tasks, const char* done) {
    json list = json::array();
    bool good = true;
    for (const Task& task : tasks) {
        good = good && task.error.empty();
        list.push_back({{"name", task.domain.name}, {"what", task.verb}, {"error", task.error}});
        if (!task.error.empty())
            log::error(task.domain.name + ": " + task.error);
        else if (!arguments.has("json"))
            log::info("'" + task.domain.name + "' " + (task.verb == "save" ? "saved" : done));
    }
    if (arguments.has("json")) print_json(list);
    return good ? 0 : 1;
}

// ---- start ----

// What is to be started: saved domains, files of the folder, kept domains. Files that cannot be read are told in `bad`.
Result<std::vector<Task>> to_start(const XendomainsSettings& settings, std::vector<Task>& bad) {
    const json answer = TRY(ask("list", json::object()));
    std::set<std::string> known; // running, or in the list already
    for (const json& domain : answer["domains"]) known.insert(domain.value("name", ""));
    std::vector<Task> tasks;
    if (settings.restore) {
        for (const std::string& file : files_of(settings.save)) {
            Task task{{std::filesystem::path(file).filename().string(), {}},
                      "restore",
                      {{"file", file + std::string(restoring)}},
                      file,
                      ""};
            if (known.insert(task.domain.name).second) tasks.push_back(std::move(task));
        }
    }
    const auto add = [&](Task task, const json& described) {
        if (Result<Startable> domain = describe(described)) {
            task.domain = std::move(*domain);
            if (known.insert(task.domain.name).second) tasks.push_back(std::move(task));
        } else {
            task.error = domain.error().message;
            bad.push_back(std::move(task));
        }
    };
    for (const std::string& file : files_of(settings.autostart)) {
        const Result<std::string> text = read_file(file, config_limit);
        if (text) {
            const json request = creation(*text, file, std::filesystem::path(file).parent_path().string());
            add({{file, {}}, "create", request, "", ""}, request);
        } else {
            bad.push_back({{file, {}}, "create", {}, "", text.error().message});
        }
    }
    for (const json& kept : answer["kept"]) {
        if (!kept.value("autostart", false)) continue;
        const json uuid = {{"domain", kept.value("uuid", "")}};
        Task task{{kept.value("name", ""), {}}, "start", uuid, "", ""};
        if (const Result<json> found = ask("kept-config", uuid)) {
            add(std::move(task), *found);
        } else {
            task.error = found.error().message;
            bad.push_back(std::move(task));
        }
    }
    return tasks;
}

// The image of a domain that runs goes; one that could not be restored has its name again.
void put_image_away(Task& task, bool restored) {
    const std::string image = task.file + std::string(restoring);
    const int rc = restored ? ::unlink(image.c_str()) : ::rename(image.c_str(), task.file.c_str());
    if (rc != 0) task.error += (task.error.empty() ? "" : "; ") + fail_errno(image).value().message;
}

Result<int> start(const Arguments& arguments) {
    const XendomainsSettings settings = TRY(read_settings());
    std::vector<Task> bad;
    std::vector<Task> tasks = TRY(to_start(settings, bad));
    if (arguments.has("dryrun")) {
        std::vector<Startable> domains;
        for (const Task& task : tasks) domains.push_back(task.domain);
        std::size_t number = 0;
        for (const std::vector<std::size_t>& group : start_order(domains)) {
            ++number;
            for (const std::size_t i : group)
                std::printf("%zu %s %s\n", number, tasks[i].verb.c_str(), domains[i].name.c_str());
        }
    } else {
        // An image is restored once: when this ends half-way nobody restores it again, over disks that have gone on.
        for (Task& task : tasks) {
            if (!task.file.empty() && ::rename(task.file.c_str(), (task.file + std::string(restoring)).c_str()) != 0)
                task.error = fail_errno(task.file).value().message;
        }
        carry_out(tasks, [](Task& task, Client& client) {
            const Result<json> answer = client.receive();
            if (!answer) task.error = answer.error().message;
            if (!task.file.empty()) put_image_away(task, answer.has_value());
        });
    }
    const bool dry = arguments.has("dryrun");
    if (dry) tasks.clear();
    tasks.insert(tasks.end(), bad.begin(), bad.end());
    return dry && bad.empty() ? 0 : report(arguments, tasks, "started");
}

// ---- stop ----

// Every domain but dom0, with those that it serves as its "backends": who is served goes first.
Result<std::vector<Task>> to_stop() {
    const json domains = TRY(ask("list", json::object()))["domains"];
    std::map<unsigned, std::string> names;
    for (const json& domain : domains) names[domain.value("id", 0U)] = domain.value("name", "");
    std::map<std::string, std::vector<std::string>> serves;
    const json clients = TRY(ask("network-list", {{"domains", json::array()}}))["domains"];
    for (const json& client : clients) {
        for (const json& nic : client["nics"]) {
            const auto backend = names.find(nic.value("backend_domain", 0U));
            if (backend != names.end()) serves[backend->second].push_back(client.value("name", ""));
        }
    }
    std::vector<Task> tasks;
    for (const auto& [id, name] : names) {
        if (id == 0) continue;
        std::vector<std::string> clients = serves[name];
        std::erase(clients, names[0]); // dom0 stays
        tasks.push_back({{name, std::move(clients)}, "shutdown", {{"domain", name}, {"wait", true}}, "", ""});
    }
    return tasks;
}

// Shut down within the time that is left, or destroyed.
void finish_shutdown(Task& task, Client& client, std::chrono::steady_clock::time_point end) {
    const Result<json> answer = client.receive(end);
    if (answer) return;
    const bool late = answer.error().code == ETIMEDOUT;
    log::warning(task.domain.name + ": " + (late ? "has not shut down in time" : answer.error().message) +
                 "; it is destroyed");
    const Result<json> destroyed = ask("destroy", {{"domain", task.domain.name}});
    if (!destroyed && destroyed.error().code != ENOENT) task.error = destroyed.error().message;
    task.verb = "destroy";
}

Result<int> stop(const Arguments& arguments) {
    const XendomainsSettings settings = TRY(read_settings());
    std::vector<Task> tasks = TRY(to_stop());
    const auto end = std::chrono::steady_clock::now() + settings.patience;
    if (!settings.save.empty()) {
        TRY(make_directories(settings.save, 0700)); // domains' memory is nobody's business
        for (Task& task : tasks) {
            if (!task.domain.backends.empty()) continue; // it serves others: its state is in them
            task.verb = "save";
            task.request = {
                {"domain", task.domain.name}, {"file", settings.save + "/" + task.domain.name}, {"after", ""}};
        }
    }
    carry_out(tasks, [end](Task& task, Client& client) {
        if (task.verb == "shutdown") {
            finish_shutdown(task, client, end);
            return;
        }
        const Result<json> saved = client.receive(end);
        if (saved) return;
        log::warning(task.domain.name + ": cannot be saved: " + saved.error().message + "; it is shut down");
        task.verb = "shutdown";
        const Status sent = [&]() -> Status {
            client = TRY(Client::open()); // the other connection closed, a save that is late ends
            return client.send("shutdown", {{"domain", task.domain.name}, {"wait", true}});
        }();
        if (sent)
            finish_shutdown(task, client, end);
        else
            task.error = sent.error().message;
    });
    return report(arguments, tasks, "stopped");
}

} // namespace

const std::vector<Verb>& host_start_verbs() {
    static const std::vector<Verb> verbs = {
        {"domains start",
         "",
         "Start what belongs to this host's start",
         "Restores what `domains stop` saved, starts the files in /etc/xen/auto and the kept domains with autostart: "
         "backends first, everything else side by side. What runs already is left alone. /etc/default/xendomains names "
         "other folders (XENDOMAINS_AUTO, XENDOMAINS_SAVE, XENDOMAINS_RESTORE).",
         {{'n', "dryrun", nullptr, "only print what would be started, in which group"}, json_option},
         0,
         0,
         start},
        {"domains stop",
         "",
         "Save or shut down every domain, for this host's end",
         "Clients first, driver domains last. Domains are saved to XENDOMAINS_SAVE of /etc/default/xendomains; when "
         "that is empty, and those that cannot be saved or serve others, are shut down, and destroyed after "
         "XENDOMAINS_STOP_MAXWAIT seconds (300).",
         {json_option},
         0,
         0,
         stop},
    };
    return verbs;
}

} // namespace bulkhead::cli
