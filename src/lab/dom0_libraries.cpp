#include "lab/dom0_libraries.hpp"

namespace bulkhead::lab {

std::string merged(const std::string& path) {
    for (const char* folder : {"/bin/", "/sbin/", "/lib/", "/lib64/"}) {
        if (path.rfind(folder, 0) == 0) return "/usr" + path;
    }
    return path;
}

bool archive_holds(std::string_view archive, const std::string& path) {
    // newc stores the path without the leading slash, with a NUL after it.
    return archive.find(path.substr(1) + std::string(1, '\0')) != std::string_view::npos;
}

Status add_libraries(image::Initramfs& image, const std::vector<image::LibraryFile>& libraries,
                     std::string_view below) {
    for (const image::LibraryFile& library : libraries) {
        const std::string path = merged(library.path);
        if (image.contains(path) || archive_holds(below, path)) continue;
        TRY(image.add_file_from(path, library.source, 0755));
    }
    return {};
}

} // namespace bulkhead::lab
