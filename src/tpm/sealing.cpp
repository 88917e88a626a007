#include "tpm/sealing.hpp"

#include "base/text.hpp"
#include "tpm/esys.hpp"
#include "tpm/storage.hpp"

#include <algorithm>

namespace bulkhead::tpm {
namespace {

// Only the policy opens it, also for those who would change it; no authorisation value to guess.
constexpr TPMA_OBJECT sealed_attributes =
    TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_NODA;

// Wiped when it goes away.
struct SensitiveCreate : TPM2B_SENSITIVE_CREATE {
    SensitiveCreate() : TPM2B_SENSITIVE_CREATE{} {}
    SensitiveCreate(const SensitiveCreate&) = delete;
    SensitiveCreate& operator=(const SensitiveCreate&) = delete;
    ~SensitiveCreate() { ::explicit_bzero(static_cast<TPM2B_SENSITIVE_CREATE*>(this), sizeof *this); }
};

Status satisfy(Connection& connection, const Handle& session, const measure::SealedFile& file) {
    const TPML_PCR_SELECTION pcrs = TRY(esys_selection(file.selection));
    const TPM2B_DIGEST present{}; // what the TPM holds
    TSS2_RC code =
        Esys_PolicyPCR(connection.esys(), session.get(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &present, &pcrs);
    if (code != TSS2_RC_SUCCESS) return tpm_error("PolicyPCR", code);
    if (file.states.size() == 1) return {};
    TPML_DIGEST branches{};
    for (const std::string& branch : measure::policy_branches(file))
        branches.digests[branches.count++] = TRY(sized_of<TPM2B_DIGEST>(branch));
    code = Esys_PolicyOR(connection.esys(), session.get(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &branches);
    if (code != TSS2_RC_SUCCESS) return tpm_error("PolicyOR", code);
    return {};
}

Result<measure::TpmBlob> create(Connection& connection, const Secret& secret, const std::string& policy,
                                measure::ParentTemplate form) {
    const Parent parent = TRY(open_parent(connection, form));
    const Handle session = TRY(start_session(connection, parent, SessionKind::hmac));
    if (secret.size() == 0 || secret.size() > sealed_limit)
        return fail("a secret of " + std::to_string(secret.size()) + " bytes: a TPM seals 1 to " +
                    std::to_string(sealed_limit) + "; seal a key and encrypt the rest with it");
    SensitiveCreate sensitive;
    sensitive.sensitive.data.size = static_cast<UINT16>(secret.size());
    std::memcpy(sensitive.sensitive.data.buffer, secret.view().data(), secret.size());
    TPM2B_PUBLIC form_public{};
    form_public.publicArea.type = TPM2_ALG_KEYEDHASH;
    form_public.publicArea.nameAlg = TPM2_ALG_SHA256;
    form_public.publicArea.objectAttributes = sealed_attributes;
    form_public.publicArea.authPolicy = TRY(sized_of<TPM2B_DIGEST>(policy));
    form_public.publicArea.parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL;
    const TPM2B_DATA no_data{};
    const TPML_PCR_SELECTION no_pcrs{};
    TPM2B_PRIVATE* raw_private = nullptr;
    TPM2B_PUBLIC* raw_public = nullptr;
    const TSS2_RC code =
        Esys_Create(connection.esys(), parent.key.get(), session.get(), ESYS_TR_NONE, ESYS_TR_NONE, &sensitive,
                    &form_public, &no_data, &no_pcrs, &raw_private, &raw_public, nullptr, nullptr, nullptr);
    if (code != TSS2_RC_SUCCESS) return tpm_error("sealing", code);
    const EsysMemory<TPM2B_PRIVATE> made_private(raw_private);
    const EsysMemory<TPM2B_PUBLIC> made_public(raw_public);
    return make_blob(form, parent.name, *made_public, *made_private);
}

} // namespace

Result<measure::SealedFile> seal(Connection& connection, const Secret& secret, const measure::PcrSelection& selection,
                                 std::vector<measure::SealedState> states, measure::ParentTemplate form) {
    measure::SealedFile file;
    file.selection = selection;
    file.states = std::move(states);
    const std::string policy = TRY(measure::sealed_policy(file));
    file.blob = TRY(create(connection, secret, policy, form));
    return file;
}

Result<Secret> unseal(Connection& connection, const measure::SealedFile& file, const measure::EventList* log) {
    const measure::PcrValues present = TRY(connection.read_pcrs(file.selection));
    if (!measure::matching_state(file, present)) return fail(measure::explain(file, present, log));
    const Parent parent = TRY(open_parent_of(connection, file.blob));
    const Handle object = TRY(load(connection, parent, file.blob));
    const Handle session = TRY(start_session(connection, parent, SessionKind::policy));
    TRY(satisfy(connection, session, file));
    TPM2B_SENSITIVE_DATA* raw = nullptr;
    const TSS2_RC code = Esys_Unseal(connection.esys(), object.get(), session.get(), ESYS_TR_NONE, ESYS_TR_NONE, &raw);
    if (code != TSS2_RC_SUCCESS)
        return tpm_error("the TPM does not unseal, although the PCRs are those of the file: was the file changed?",
                         code);
    const EsysMemory<TPM2B_SENSITIVE_DATA> data(raw);
    Secret secret(std::string_view(reinterpret_cast<const char*>(data->buffer), data->size));
    ::explicit_bzero(data.get(), sizeof *data);
    return secret;
}

Result<measure::SealedFile> seal_forward(Connection& connection, const measure::SealedFile& file,
                                         std::vector<measure::SealedState> next, const measure::EventList* log) {
    const Secret secret = TRY(unseal(connection, file, log));
    const measure::PcrValues present = TRY(connection.read_pcrs(file.selection));
    const auto index = measure::matching_state(file, present);
    if (!index) return fail("the PCRs changed meanwhile");
    std::vector<measure::SealedState> states = {file.states[*index]};
    for (measure::SealedState& state : next) {
        const auto same = [&](const measure::SealedState& known) { return known.values == state.values; };
        if (std::none_of(states.begin(), states.end(), same)) states.push_back(std::move(state));
    }
    return seal(connection, secret, file.selection, std::move(states), file.blob.parent);
}

} // namespace bulkhead::tpm
