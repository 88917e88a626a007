// UEFI variables as the firmware measures them, and the signature databases in them. Pure.
// Sources: TCG PC Client Platform Firmware Profile 1.05, 10.2.6 (UEFI_VARIABLE_DATA); UEFI 2.10, 32.4.1
// (EFI_SIGNATURE_LIST).
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::measure::efi {

// GUIDs as they lie in memory, 16 bytes.
extern const std::string global_variable;         // SecureBoot, PK, KEK
extern const std::string image_security_database; // db, dbx
extern const std::string shim_lock;               // shim's variables
extern const std::string certificate_x509;        // type of a signature list
extern const std::string certificate_sha256;      // the same: hashes of images

// "8be4df61-93ca-11d2-aa0d-00e098032b8c", as in names of efivarfs.
std::string guid_text(std::string_view guid);

// UEFI_VARIABLE_DATA, which is hashed and is the event's data. `name` is ASCII.
std::string variable_data(std::string_view guid, std::string_view name, std::string_view data);

// EFI_SIGNATURE_DATA: a certificate or a hash and who put it there.
struct Signature {
    std::string type;  // GUID of its list
    std::string owner; // GUID
    std::string data;
};

// All of a db, dbx, KEK, PK or MokList: signature lists one behind the other; empty bytes are none. Errors name the
// byte: sizes that do not fit the list, or each other.
Result<std::vector<Signature>> parse_signature_lists(std::string_view bytes);

// One list with one signature.
std::string signature_list(const Signature& signature);

} // namespace bulkhead::measure::efi
