#include "tpm/connection.hpp"

#include "tpm/esys.hpp"

#include <cstdlib>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>

namespace bulkhead::tpm {

tl::unexpected<Error> tpm_error(std::string_view what, std::uint32_t code) {
    return fail(std::string(what) + ": " + Tss2_RC_Decode(code), static_cast<int>(code));
}

void Connection::Close::operator()(ESYS_CONTEXT* esys) const {
    Esys_Finalize(&esys);
}
void Connection::Close::operator()(TSS2_TCTI_OPAQUE_CONTEXT_BLOB* tcti) const {
    Tss2_TctiLdr_Finalize(&tcti);
}

Result<Connection> Connection::open(const std::string& tcti) {
    ::setenv("TSS2_LOG", "all+NONE", 0); // NOLINT(concurrency-mt-unsafe): what fails is told by our errors
    const char* from_environment = std::getenv("TPM2TOOLS_TCTI"); // NOLINT(concurrency-mt-unsafe)
    std::string name = tcti;
    if (name.empty()) name = from_environment != nullptr ? from_environment : "device:/dev/tpmrm0";
    Connection connection;
    TSS2_TCTI_CONTEXT* transport = nullptr;
    if (const TSS2_RC code = Tss2_TctiLdr_Initialize(name.c_str(), &transport); code != TSS2_RC_SUCCESS)
        return tpm_error("no TPM at " + name, code);
    connection.tcti_.reset(transport);
    ESYS_CONTEXT* esys = nullptr;
    if (const TSS2_RC code = Esys_Initialize(&esys, transport, nullptr); code != TSS2_RC_SUCCESS)
        return tpm_error("the TPM at " + name, code);
    connection.esys_.reset(esys);
    return connection;
}

Result<measure::PcrValues> Connection::read_pcrs(const measure::PcrSelection& selection) {
    // A TPM answers with at most eight values at once (TPML_DIGEST), so one PCR at a time is asked for: a command takes
    // well under a millisecond.
    measure::PcrValues values;
    for (const auto& [bank, pcrs] : selection) {
        for (const std::uint32_t pcr : pcrs) {
            const TPML_PCR_SELECTION asked = TRY(esys_selection({{bank, {pcr}}}));
            TPML_DIGEST* raw = nullptr;
            const TSS2_RC code =
                Esys_PCR_Read(esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &asked, nullptr, nullptr, &raw);
            if (code != TSS2_RC_SUCCESS) return tpm_error("reading PCR " + std::to_string(pcr), code);
            const EsysMemory<TPML_DIGEST> digests(raw);
            if (digests->count != 1 || digests->digests[0].size != measure::digest_size(bank))
                return fail("the TPM has no PCR " + std::to_string(pcr) + " of bank " +
                            std::string(measure::bank_name(bank)));
            values[bank][pcr] = bytes_of(digests->digests[0]);
        }
    }
    return values;
}

Handle::Handle(Handle&& other) noexcept
    : connection_(other.connection_), handle_(std::exchange(other.handle_, ESYS_TR_NONE)) {}

Handle::~Handle() {
    if (handle_ != ESYS_TR_NONE) Esys_FlushContext(connection_->esys(), handle_);
}

} // namespace bulkhead::tpm
