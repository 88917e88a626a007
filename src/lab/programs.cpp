#include "lab/programs.hpp"

#include "base/text.hpp"

#include <climits>
#include <unistd.h>
#include <vector>

namespace bulkhead::lab {

Result<std::string> find_program(const std::string& name, const std::string& tree) {
    char self[PATH_MAX];
    const ssize_t size = ::readlink("/proc/self/exe", self, sizeof self);
    if (size <= 0) return fail_errno("/proc/self/exe");
    std::string here(self, static_cast<std::size_t>(size));
    here.erase(here.rfind('/'));
    std::vector<std::string> tried;
    for (const std::string& folder :
         {here, here + "/../../sbin", here + "/../../bin", here + "/../" + tree, here + "/../src/" + tree}) {
        const std::string path = folder + "/" + name;
        if (::access(path.c_str(), X_OK) == 0) return path;
        tried.push_back(folder);
    }
    return fail(name + " was not found in " + join(tried, ", ") + ": build or install it");
}

} // namespace bulkhead::lab
