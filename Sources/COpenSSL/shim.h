#ifndef FAULTLINE_OPENSSL_H
#define FAULTLINE_OPENSSL_H

// The functions of one digest's context, which is a plain value: those of EVP allocate, and cannot be copied as one.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#endif
