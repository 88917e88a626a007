#include "cli/verb.hpp"

#include "base/log.hpp"
#include "cli/client.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace bulkhead::cli {
namespace {

using nlohmann::json;

Result<int> attach_block(const Arguments& arguments) {
    const auto& words = arguments.positional();
    const json request = {{"domain", words[0]}, {"disk", std::vector<std::string>(words.begin() + 1, words.end())}};
    if (arguments.has("dryrun")) {
        std::printf("disk: %s\n", TRY(ask("block-attach-dry-run", request)).value("text", "").c_str());
        return 0;
    }
    const json disk = TRY(ask("block-attach", request));
    if (arguments.has("json"))
        print_json(disk);
    else
        log::info("disk " + disk.value("vdev", "") + " attached");
    return 0;
}

Result<int> list_blocks(const Arguments& arguments) {
    const json answer = TRY(ask("block-list", {{"domains", arguments.positional()}}));
    if (arguments.has("json")) {
        print_json(answer["domains"]);
        return 0;
    }
    // xl's columns.
    std::printf("%-5s %-3s %-6s %-5s %-6s %-8s %-30s\n", "Vdev", "BE", "handle", "state", "evt-ch", "ring-ref",
                "BE-path");
    for (const json& domain : answer["domains"]) {
        for (const json& disk : domain["disks"]) {
            std::printf("%-5u %-3u %-6u %-5d %-6d %-8d %-30s\n", disk.value("devid", 0U),
                        disk.value("backend_domain", 0U), disk.value("frontend_domain", 0U), disk.value("state", 0),
                        disk.value("event_channel", 0), disk.value("ring", 0), disk.value("backend", "").c_str());
        }
    }
    return 0;
}

Result<int> detach_block(const Arguments& arguments) {
    const json gone = TRY(ask("block-detach", {{"domain", arguments.positional()[0]},
                                               {"vdev", arguments.positional()[1]},
                                               {"force", arguments.has("force")}}));
    if (arguments.has("json")) print_json(gone);
    return 0;
}

Result<int> change_cd(const Arguments& arguments) {
    const auto& words = arguments.positional();
    const json request = {{"domain", words[0]}, {"vdev", words[1]}, {"target", words.size() > 2 ? words[2] : ""}};
    const json disk = TRY(ask("cd-change", request));
    if (arguments.has("json")) print_json(disk);
    return 0;
}

} // namespace

const std::vector<Verb>& block_verbs() {
    static const std::vector<Verb> verbs = {
        {"block-attach",
         "DOMAIN DISK...",
         "Give a running domain a disk",
         "DISK as xl-disk-configuration(5): `/srv/a.img,raw,xvdb,rw`, `vdev=xvdb,format=qcow2,target=/srv/a.qcow2`, or "
         "as xm "
         "has it: `BACKDEV FRONTDEV MODE [BACKDOMAIN]`. It returns when the guest has the disk; otherwise the disk is "
         "removed again and the error is the backend's own.\n"
         "What is mounted in dom0, is swapped to or belongs to a domain is not given away a second time if one of the "
         "two "
         "writes, under whatever name: the mode `w!` allows it.",
         {{'n', "dryrun", nullptr, "only print what would be added, as JSON"}, json_option},
         2,
         any_number,
         attach_block},
        {"block-list", "DOMAIN...", "List domains' disks", "", {json_option}, 1, any_number, list_blocks},
        {"block-detach",
         "DOMAIN DISK",
         "Take a disk from a domain",
         "DISK by its name in the guest (xvdb) or its number. The guest may refuse while it uses the disk.",
         {{'f', "force", nullptr, "without asking the guest; what it has not written yet is lost"}, json_option},
         2,
         2,
         detach_block},
        {"cd-insert",
         "DOMAIN DISK FILE",
         "Put a medium into an HVM domain's CD drive",
         "",
         {json_option},
         3,
         3,
         change_cd},
        {"cd-eject",
         "DOMAIN DISK",
         "Take the medium from an HVM domain's CD drive",
         "",
         {json_option},
         2,
         2,
         change_cd},
    };
    return verbs;
}

} // namespace bulkhead::cli
