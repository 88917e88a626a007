// A grub.cfg from a stranger: parsed, and run against a boot disk that holds it, an environment block and a module
// list.
#include "measure/event_list_json.hpp"
#include "measure/grub_boot.hpp"
#include "measure/grub_environment.hpp"
#include "measure/grub_script.hpp"

#include <cstdint>
#include <cstdlib>

using namespace bulkhead;
using namespace bulkhead::measure;

namespace {

class Disk : public grub::Files {
public:
    explicit Disk(std::string configuration) : configuration_(std::move(configuration)) {}
    Result<std::optional<std::string>> content(const std::string&, const std::string& path) override {
        // One that reads itself again and again takes all the steps that there are, which a unit test shows.
        if (path.ends_with("grub.cfg")) return opened_++ < 2 ? configuration_ : std::string("true");
        if (path.ends_with("grubenv")) return "# GRUB Environment Block\na=b\n####";
        if (path.ends_with("command.lst"))
            return "[: test\ntest: test\ntrue: test\nlinux: linux\nmultiboot2: m\nmodule2: m\nsearch: s\n*load_env: l\n"
                   "configfile: c\nsource: c\nboot: b\n";
        if (path.ends_with("moddep.lst")) return "m: linux\ns:\nl:\nc:\nb:\n";
        if (path.ends_with(".mod") || path == "/vmlinuz") return "x";
        return std::nullopt;
    }
    Result<std::optional<Digests>> digests(const std::string& device, const std::string& path) override {
        const auto bytes = TRY(content(device, path));
        if (!bytes) return std::nullopt;
        return Digests{{Bank::sha256, std::string(32, static_cast<char>(bytes->size()))}};
    }
    Result<Type> type(const std::string& device, const std::string& path) override {
        return TRY(content(device, path)) ? Type::file : Type::none;
    }

private:
    std::string configuration_;
    unsigned opened_ = 0;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 4096) return 0;
    const std::string text(reinterpret_cast<const char*>(data), size);
    if (const auto values = grub::parse_environment_block(text); values && values->size() > size) std::abort();
    grub::BootOptions options;
    options.builtin = {"tpm", "normal", "gzio", "test", "linux"};
    options.search = {{"label:a", "hd0,gpt1"}};
    // Most inputs that mutation likes have no end.
    options.most_commands = 300;
    options.most_bytes = 64 << 10;
    Disk disk(text);
    const auto list = grub::predict(options, disk);
    if (!list) {
        if (list.error().message.empty()) std::abort();
        return 0;
    }
    for (const Event& event : list->events) {
        if (event.pcr != 8 && event.pcr != 9) std::abort();
    }
    if (!grub::parse_script(grub::without_comment_lines(text))) std::abort();
    return 0;
}
