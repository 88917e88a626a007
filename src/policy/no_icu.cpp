// Debian's libxml2 asks ICU to convert encodings that it does not know itself, and ICU's tables are 30 MB that dom0
// does not have otherwise. Policies are UTF-8 (read_xml.cpp refuses anything else before libxml2 sees it), so nothing
// ever needs a conversion: these take ICU's place in the program, and refuse.
#include <unicode/ucnv.h>

extern "C" {

UConverter* ucnv_open(const char*, UErrorCode* error) {
    *error = U_UNSUPPORTED_ERROR;
    return nullptr;
}

void ucnv_close(UConverter*) {}

void ucnv_convertEx(UConverter*, UConverter*, char**, const char*, const char**, const char*, UChar*, UChar**, UChar**,
                    const UChar*, UBool, UBool, UErrorCode* error) {
    *error = U_UNSUPPORTED_ERROR;
}

void ucnv_setFromUCallBack(UConverter*, UConverterFromUCallback, const void*, UConverterFromUCallback*, const void**,
                           UErrorCode* error) {
    *error = U_UNSUPPORTED_ERROR;
}

void ucnv_setToUCallBack(UConverter*, UConverterToUCallback, const void*, UConverterToUCallback*, const void**,
                         UErrorCode* error) {
    *error = U_UNSUPPORTED_ERROR;
}

void UCNV_FROM_U_CALLBACK_STOP(const void*, UConverterFromUnicodeArgs*, const UChar*, int32_t, UChar32,
                               UConverterCallbackReason, UErrorCode* error) {
    *error = U_UNSUPPORTED_ERROR;
}

void UCNV_TO_U_CALLBACK_STOP(const void*, UConverterToUnicodeArgs*, const char*, int32_t, UConverterCallbackReason,
                             UErrorCode* error) {
    *error = U_UNSUPPORTED_ERROR;
}
}
