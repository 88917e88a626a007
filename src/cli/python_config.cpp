#include "cli/python_config.hpp"

#include "base/process.hpp"
#include "base/text.hpp"

#include <unistd.h>

namespace bulkhead::cli {
namespace {

using namespace std::chrono_literals;

// argv: the file's name, then NAME=VALUE... Texts of xl.cfg(5) have no escapes.
constexpr const char* program = R"py(
import ast, sys
source, words = sys.argv[1], [w.split("=", 1) for w in sys.argv[2:]]
def value(text):
    try: return ast.literal_eval(text)
    except (ValueError, SyntaxError): return text
given = {name.strip(): value(text.strip()) for name, text in words}
space = dict(given, __name__="__config__")
text = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
exec(compile(text, source, "exec"), space)
space.update(given)
def show(name, item):
    if isinstance(item, bool): return str(int(item))
    if isinstance(item, int): return str(item)
    if isinstance(item, str):
        if "\n" in item or "\0" in item or ('"' in item and "'" in item):
            sys.exit("%s: %s: a text that no configuration can hold: %r" % (source, name, item))
        return '"%s"' % item if '"' not in item else "'%s'" % item
    if isinstance(item, (list, tuple)): return "[" + ", ".join(show(name, i) for i in item) + "]"
    return None
for name, item in space.items():
    if name.startswith("_") or not isinstance(item, (bool, int, str, list, tuple)): continue
    line = show(name, item)
    sys.stdout.buffer.write(("%s = %s\n" % (name, line)).encode("utf-8", "surrogateescape"))
)py";

} // namespace

Result<std::string> run_python_config(std::string_view text, const std::string& source,
                                      const std::vector<std::string>& assignments) {
    std::vector<std::string> command;
    if (::geteuid() == 0) {
        // nobody, without a way back, in a network of its own that has nothing.
        command = {"unshare",        "--net",
                   "--ipc",          "--",
                   "setpriv",        "--reuid=65534",
                   "--regid=65534",  "--clear-groups",
                   "--no-new-privs", "--bounding-set=-all",
                   "--inh-caps=-all"};
    } else {
        command = {"setpriv", "--no-new-privs"};
    }
    for (const char* word : {"prlimit", "--cpu=5", "--as=268435456", "--fsize=0", "--nofile=16", "--core=0", "python3",
                             "-I", "-S", "-c", program})
        command.emplace_back(word);
    command.push_back(source);
    command.insert(command.end(), assignments.begin(), assignments.end());
    const Output output = TRY(context(run(command, 5s, text, "/", std::size_t{1} << 20), source));
    if (output.status == 0) return output.out;
    const std::string_view errors = trim(output.err);
    const std::size_t line = errors.rfind('\n');
    return fail(source +
                ": python3: " + printable(line == std::string_view::npos ? errors : errors.substr(line + 1), 512));
}

} // namespace bulkhead::cli
