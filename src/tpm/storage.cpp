#include "tpm/storage.hpp"

#include "tpm/esys.hpp"

namespace bulkhead::tpm {
namespace {

constexpr TPMA_OBJECT storage_attributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                           TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                                           TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;

TPMT_SYM_DEF_OBJECT aes128() {
    TPMT_SYM_DEF_OBJECT symmetric{};
    symmetric.algorithm = TPM2_ALG_AES;
    symmetric.keyBits.aes = 128;
    symmetric.mode.aes = TPM2_ALG_CFB;
    return symmetric;
}

TPM2B_PUBLIC storage_template(measure::ParentTemplate form) {
    TPM2B_PUBLIC made{};
    TPMT_PUBLIC& area = made.publicArea;
    area.nameAlg = TPM2_ALG_SHA256;
    area.objectAttributes = storage_attributes;
    if (form == measure::ParentTemplate::rsa2048) {
        area.type = TPM2_ALG_RSA;
        area.parameters.rsaDetail.symmetric = aes128();
        area.parameters.rsaDetail.scheme.scheme = TPM2_ALG_NULL;
        area.parameters.rsaDetail.keyBits = 2048;
        area.unique.rsa.size = 256; // zeros, as the template says
        return made;
    }
    area.type = TPM2_ALG_ECC;
    area.parameters.eccDetail.symmetric = aes128();
    area.parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
    area.parameters.eccDetail.curveID = TPM2_ECC_NIST_P256;
    area.parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
    area.unique.ecc.x.size = 32;
    area.unique.ecc.y.size = 32;
    return made;
}

} // namespace

Result<Parent> open_parent(Connection& connection, measure::ParentTemplate form) {
    const TPM2B_PUBLIC form_public = storage_template(form);
    const TPM2B_SENSITIVE_CREATE no_secret{};
    const TPM2B_DATA no_data{};
    const TPML_PCR_SELECTION no_pcrs{};
    ESYS_TR handle = ESYS_TR_NONE;
    TSS2_RC code =
        Esys_CreatePrimary(connection.esys(), ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                           &no_secret, &form_public, &no_data, &no_pcrs, &handle, nullptr, nullptr, nullptr, nullptr);
    if (code != TSS2_RC_SUCCESS)
        return tpm_error("the TPM's storage key (its owner's authorisation must be empty)", code);
    Handle key(connection, handle);
    TPM2B_NAME* raw = nullptr;
    code = Esys_TR_GetName(connection.esys(), handle, &raw);
    if (code != TSS2_RC_SUCCESS) return tpm_error("the storage key's name", code);
    const EsysMemory<TPM2B_NAME> name(raw);
    return Parent{std::move(key), std::string(reinterpret_cast<const char*>(name->name), name->size)};
}

Result<Parent> open_parent_of(Connection& connection, const measure::TpmBlob& blob) {
    Parent parent = TRY(open_parent(connection, blob.parent));
    if (parent.name != blob.parent_name)
        return fail(
            "the TPM has another storage key than the one that this file was made under: it is another TPM, or it "
            "was cleared");
    return parent;
}

Result<Handle> load(Connection& connection, const Parent& parent, const measure::TpmBlob& blob) {
    const auto* public_bytes = reinterpret_cast<const uint8_t*>(blob.public_area.data());
    const auto* private_bytes = reinterpret_cast<const uint8_t*>(blob.private_area.data());
    TPM2B_PUBLIC public_area{};
    TPM2B_PRIVATE private_area{};
    std::size_t offset = 0;
    if (Tss2_MU_TPM2B_PUBLIC_Unmarshal(public_bytes, blob.public_area.size(), &offset, &public_area) !=
            TSS2_RC_SUCCESS ||
        offset != blob.public_area.size())
        return fail("the object's public half is damaged");
    offset = 0;
    if (Tss2_MU_TPM2B_PRIVATE_Unmarshal(private_bytes, blob.private_area.size(), &offset, &private_area) !=
            TSS2_RC_SUCCESS ||
        offset != blob.private_area.size())
        return fail("the object's private half is damaged");
    ESYS_TR handle = ESYS_TR_NONE;
    const TSS2_RC code = Esys_Load(connection.esys(), parent.key.get(), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                   &private_area, &public_area, &handle);
    if (code != TSS2_RC_SUCCESS) return tpm_error("loading the object into the TPM", code);
    return Handle(connection, handle);
}

Result<Handle> start_session(Connection& connection, const Parent& parent, SessionKind kind) {
    TPMT_SYM_DEF symmetric{};
    symmetric.algorithm = TPM2_ALG_AES;
    symmetric.keyBits.aes = 128;
    symmetric.mode.aes = TPM2_ALG_CFB;
    ESYS_TR handle = ESYS_TR_NONE;
    TSS2_RC code = Esys_StartAuthSession(
        connection.esys(), parent.key.get(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, nullptr,
        kind == SessionKind::hmac ? TPM2_SE_HMAC : TPM2_SE_POLICY, &symmetric, TPM2_ALG_SHA256, &handle);
    if (code != TSS2_RC_SUCCESS) return tpm_error("starting a session", code);
    Handle session(connection, handle);
    // Of Create the command carries the secret; of Unseal the answer, and its command nothing.
    const TPMA_SESSION encrypted =
        kind == SessionKind::hmac ? TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT : TPMA_SESSION_ENCRYPT;
    code = Esys_TRSess_SetAttributes(connection.esys(), handle, encrypted | TPMA_SESSION_CONTINUESESSION, 0xff);
    if (code != TSS2_RC_SUCCESS) return tpm_error("the session's attributes", code);
    return session;
}

} // namespace bulkhead::tpm
