#include "tpm/attestation_key.hpp"

#include "tpm/esys.hpp"
#include "tpm/storage.hpp"

namespace bulkhead::tpm {

Result<measure::TpmBlob> create_attestation_key(Connection& connection, measure::ParentTemplate form) {
    const Parent parent = TRY(open_parent(connection, form));
    const Handle session = TRY(start_session(connection, parent, SessionKind::hmac));
    TPM2B_PUBLIC key{};
    key.publicArea.type = TPM2_ALG_ECC;
    key.publicArea.nameAlg = TPM2_ALG_SHA256;
    key.publicArea.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
                                      TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED |
                                      TPMA_OBJECT_SIGN_ENCRYPT;
    TPMS_ECC_PARMS& details = key.publicArea.parameters.eccDetail;
    details.symmetric.algorithm = TPM2_ALG_NULL;
    details.scheme.scheme = TPM2_ALG_ECDSA;
    details.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
    details.curveID = TPM2_ECC_NIST_P256;
    details.kdf.scheme = TPM2_ALG_NULL;
    const TPM2B_SENSITIVE_CREATE no_secret{};
    const TPM2B_DATA no_data{};
    const TPML_PCR_SELECTION no_pcrs{};
    TPM2B_PRIVATE* raw_private = nullptr;
    TPM2B_PUBLIC* raw_public = nullptr;
    const TSS2_RC code =
        Esys_Create(connection.esys(), parent.key.get(), session.get(), ESYS_TR_NONE, ESYS_TR_NONE, &no_secret, &key,
                    &no_data, &no_pcrs, &raw_private, &raw_public, nullptr, nullptr, nullptr);
    if (code != TSS2_RC_SUCCESS) return tpm_error("making the attestation key", code);
    const EsysMemory<TPM2B_PRIVATE> made_private(raw_private);
    const EsysMemory<TPM2B_PUBLIC> made_public(raw_public);
    return make_blob(form, parent.name, *made_public, *made_private);
}

Result<SignedQuote> quote(Connection& connection, const measure::TpmBlob& key, const measure::PcrSelection& selection,
                          std::string_view nonce) {
    const Parent parent = TRY(open_parent_of(connection, key));
    const Handle loaded = TRY(load(connection, parent, key));
    const TPML_PCR_SELECTION pcrs = TRY(esys_selection(selection));
    const TPM2B_DATA qualifying = TRY(sized_of<TPM2B_DATA>(nonce));
    TPMT_SIG_SCHEME own{};
    own.scheme = TPM2_ALG_NULL; // the key's
    TPM2B_ATTEST* raw_quote = nullptr;
    TPMT_SIGNATURE* raw_signature = nullptr;
    const TSS2_RC code = Esys_Quote(connection.esys(), loaded.get(), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                    &qualifying, &own, &pcrs, &raw_quote, &raw_signature);
    if (code != TSS2_RC_SUCCESS) return tpm_error("quoting " + measure::to_text(selection), code);
    const EsysMemory<TPM2B_ATTEST> attest(raw_quote);
    const EsysMemory<TPMT_SIGNATURE> signature(raw_signature);
    SignedQuote made;
    made.quote.assign(reinterpret_cast<const char*>(attest->attestationData), attest->size);
    made.signature = TRY(marshalled(*signature, Tss2_MU_TPMT_SIGNATURE_Marshal));
    return made;
}

} // namespace bulkhead::tpm
