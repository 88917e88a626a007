// Runs a fuzz target over every seed file of a folder, so that seeds are regression tests without libFuzzer.
// Each seed is also cut short at every length and flipped at every byte (the first 4 KiB): cheap hostile variants.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
    std::size_t runs = 0;
    for (int i = 1; i < argc; ++i) {
        for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
            if (!entry.is_regular_file()) continue;
            std::ifstream file(entry.path(), std::ios::binary);
            std::vector<std::uint8_t> seed((std::istreambuf_iterator<char>(file)), {});
            LLVMFuzzerTestOneInput(seed.data(), seed.size());
            const std::size_t limit = std::min<std::size_t>(seed.size(), 4096);
            for (std::size_t cut = 0; cut < limit; ++cut) {
                std::vector<std::uint8_t> shorter(seed.begin(), seed.begin() + static_cast<std::ptrdiff_t>(cut));
                LLVMFuzzerTestOneInput(shorter.data(), shorter.size());
                auto flipped = seed;
                flipped[cut] = static_cast<std::uint8_t>(~flipped[cut]);
                LLVMFuzzerTestOneInput(flipped.data(), flipped.size());
            }
            runs += 1 + 2 * limit;
        }
    }
    std::printf("%zu inputs replayed\n", runs);
    return runs > 0 ? 0 : 1;
}
