// Between tpm2-tss's structures and ours; for this folder's .cpp files only.
#pragma once

#include "base/result.hpp"
#include "measure/pcr_selection.hpp"
#include "measure/sealed_file.hpp"

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>

namespace bulkhead::tpm {

struct EsysFree {
    void operator()(void* memory) const { Esys_Free(memory); }
};
template <typename T>
using EsysMemory = std::unique_ptr<T, EsysFree>; // what ESYS allocates

// Of a TPM2B with `size` and `buffer`.
template <typename T>
std::string bytes_of(const T& sized) {
    return {reinterpret_cast<const char*>(sized.buffer), sized.size};
}
template <typename T>
Result<T> sized_of(std::string_view bytes) {
    T sized{};
    if (bytes.size() > sizeof sized.buffer) return fail(std::to_string(bytes.size()) + " bytes are too many for a TPM");
    sized.size = static_cast<UINT16>(bytes.size());
    std::memcpy(sized.buffer, bytes.data(), bytes.size());
    return sized;
}

inline Result<TPML_PCR_SELECTION> esys_selection(const measure::PcrSelection& selection) {
    const std::string bytes = measure::pcr_selection_bytes(selection);
    TPML_PCR_SELECTION made{};
    std::size_t offset = 0;
    if (Tss2_MU_TPML_PCR_SELECTION_Unmarshal(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), &offset,
                                             &made) != TSS2_RC_SUCCESS)
        return fail("the selection of PCRs is too long for a TPM");
    return made;
}

template <typename T, typename Marshal>
Result<std::string> marshalled(const T& structure, Marshal marshal) {
    std::string bytes(sizeof structure + 64, '\0');
    std::size_t offset = 0;
    if (marshal(&structure, reinterpret_cast<uint8_t*>(bytes.data()), bytes.size(), &offset) != TSS2_RC_SUCCESS)
        return fail("tpm2-tss cannot write what the TPM answered");
    bytes.resize(offset);
    return bytes;
}

inline Result<measure::TpmBlob> make_blob(measure::ParentTemplate form, const std::string& parent_name,
                                          const TPM2B_PUBLIC& public_area, const TPM2B_PRIVATE& private_area) {
    measure::TpmBlob blob;
    blob.parent = form;
    blob.parent_name = parent_name;
    blob.public_area = TRY(marshalled(public_area, Tss2_MU_TPM2B_PUBLIC_Marshal));
    blob.private_area = TRY(marshalled(private_area, Tss2_MU_TPM2B_PRIVATE_Marshal));
    return blob;
}

} // namespace bulkhead::tpm
