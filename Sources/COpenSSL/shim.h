// The OpenSSL 3 headers that this package calls, and plain functions for what Swift does not
// import: function-like macros, variadic functions and the typed stack accessors.
#pragma once

#include <stdbool.h>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

// Memory.

static inline void cm_free(void *pointer) { OPENSSL_free(pointer); }

static inline size_t cm_bio_memory(BIO *bio, const unsigned char **data) {
    char *start = NULL;
    long count = BIO_get_mem_data(bio, &start);
    *data = (const unsigned char *)start;
    return count > 0 ? (size_t)count : 0;
}

static inline int cm_error_reason(unsigned long code) { return ERR_GET_REASON(code); }

// Keys.

static inline EVP_PKEY *cm_generate_ed25519(void) {
    return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

static inline EVP_PKEY *cm_generate_ec(const char *curve) {
    return EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve);
}

// Certificate stacks.

static inline STACK_OF(X509) *cm_x509_stack_new(void) { return sk_X509_new_null(); }

// Takes its own reference to the certificate.
static inline int cm_x509_stack_push(STACK_OF(X509) *stack, X509 *certificate) {
    if (!X509_up_ref(certificate)) return 0;
    if (sk_X509_push(stack, certificate) > 0) return 1;
    X509_free(certificate);
    return 0;
}

static inline int cm_x509_stack_count(const STACK_OF(X509) *stack) {
    return stack == NULL ? 0 : sk_X509_num(stack);
}

static inline X509 *cm_x509_stack_value(const STACK_OF(X509) *stack, int index) {
    return sk_X509_value(stack, index);
}

static inline void cm_x509_stack_free(STACK_OF(X509) *stack) {
    sk_X509_pop_free(stack, X509_free);
}

// Names.

static inline bool cm_print_name(BIO *bio, const X509_NAME *name) {
    return X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0;
}

static inline GENERAL_NAMES *cm_subject_names(const X509 *certificate) {
    return (GENERAL_NAMES *)X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
}

static inline int cm_names_count(const GENERAL_NAMES *names) {
    return sk_GENERAL_NAME_num(names);
}

// The kind of a name (GEN_DNS, GEN_EMAIL, GEN_URI, ...); its text if it is of one of these three.
static inline int cm_name_text(
    const GENERAL_NAMES *names, int index, const unsigned char **text, int *count) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
    *text = NULL;
    *count = 0;
    if (name->type == GEN_DNS || name->type == GEN_EMAIL || name->type == GEN_URI) {
        *text = ASN1_STRING_get0_data(name->d.ia5);
        *count = ASN1_STRING_length(name->d.ia5);
    }
    return name->type;
}

static inline GENERAL_NAMES *cm_names_new(void) { return sk_GENERAL_NAME_new_null(); }

static inline int cm_names_push(
    GENERAL_NAMES *names, int type, const unsigned char *text, int count) {
    ASN1_IA5STRING *string = ASN1_IA5STRING_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    if (string == NULL || name == NULL || !ASN1_STRING_set(string, text, count)) {
        ASN1_IA5STRING_free(string);
        GENERAL_NAME_free(name);
        return 0;
    }
    GENERAL_NAME_set0_value(name, type, string);
    if (sk_GENERAL_NAME_push(names, name) > 0) return 1;
    GENERAL_NAME_free(name);
    return 0;
}

static inline int cm_add_subject_names(X509 *certificate, GENERAL_NAMES *names) {
    return X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT);
}

static inline void cm_names_free(GENERAL_NAMES *names) { GENERAL_NAMES_free(names); }

// Adds an extension from OpenSSL's configuration syntax; `value` is a constant of this package.
static inline int cm_add_extension(X509 *certificate, X509 *issuer, int nid, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, &context, nid, value);
    if (extension == NULL) return 0;
    int added = X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return added;
}

// TLS.

static inline long cm_ctx_set_mode(SSL_CTX *context, long mode) {
    return SSL_CTX_set_mode(context, mode);
}

static inline uint64_t cm_ctx_set_options(SSL_CTX *context) {
    return SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
}

static inline int cm_ctx_tls13_only(SSL_CTX *context) {
    return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION)
        && SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION);
}

static inline int cm_ctx_add_chain(SSL_CTX *context, X509 *certificate) {
    return (int)SSL_CTX_add1_chain_cert(context, certificate);
}

static inline int cm_ctx_set_groups(SSL_CTX *context, const char *groups) {
    return (int)SSL_CTX_set1_groups_list(context, groups);
}

static inline long cm_ctx_set_max_cert_list(SSL_CTX *context, long bytes) {
    return SSL_CTX_set_max_cert_list(context, bytes);
}

static inline long cm_ctx_no_session_cache(SSL_CTX *context) {
    return SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

static inline int cm_set_server_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}

// An empty memory BIO then says "try again" instead of "end of file".
static inline int cm_bio_set_memory_eof(BIO *bio, int value) {
    return (int)BIO_set_mem_eof_return(bio, value);
}
