// A conversation with a TPM 2.0 by tpm2-tss (ESYS), and what lives no longer than it: loaded objects and sessions.
// Not for several threads at once.
#pragma once

#include "base/result.hpp"
#include "measure/pcr_selection.hpp"

#include <cstdint>
#include <memory>
#include <string>

struct ESYS_CONTEXT;
struct TSS2_TCTI_OPAQUE_CONTEXT_BLOB;

namespace bulkhead::tpm {

class Connection {
public:
    // `tcti` as tpm2-tools take it ("device:/dev/tpmrm0", "swtpm:host=127.0.0.1,port=2321"); empty: the environment's
    // TPM2TOOLS_TCTI, or else the kernel's resource manager.
    static Result<Connection> open(const std::string& tcti);

    [[nodiscard]] ESYS_CONTEXT* esys() const { return esys_.get(); }

    // As the TPM tells them, unsigned: for words, not for decisions.
    Result<measure::PcrValues> read_pcrs(const measure::PcrSelection& selection);

private:
    struct Close {
        void operator()(ESYS_CONTEXT* esys) const;
        void operator()(TSS2_TCTI_OPAQUE_CONTEXT_BLOB* tcti) const;
    };
    // The transport outlives ESYS: members go away from below.
    std::unique_ptr<TSS2_TCTI_OPAQUE_CONTEXT_BLOB, Close> tcti_;
    std::unique_ptr<ESYS_CONTEXT, Close> esys_;
};

// A loaded object or a session, flushed when it goes away. `connection` outlives it.
class Handle {
public:
    Handle(Connection& connection, std::uint32_t handle) : connection_(&connection), handle_(handle) {}
    Handle(Handle&& other) noexcept;
    Handle& operator=(Handle&&) = delete;
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle();
    [[nodiscard]] std::uint32_t get() const { return handle_; } // an ESYS_TR

private:
    Connection* connection_;
    std::uint32_t handle_;
};

// WHAT: and tpm2-tss's words for the code.
tl::unexpected<Error> tpm_error(std::string_view what, std::uint32_t code);

} // namespace bulkhead::tpm
