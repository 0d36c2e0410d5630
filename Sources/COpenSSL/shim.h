// The OpenSSL 3 headers that this package calls, and plain functions for what Swift does not
// import: function-like macros, variadic functions and the typed stack accessors.
#pragma once

#include <stdbool.h>
#include <string.h>

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
#include <openssl/store.h>
#include <openssl/ui.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#if __has_include(<openssl/engine.h>) && !defined(OPENSSL_NO_ENGINE)
#include <openssl/engine.h>
#define CM_HAS_ENGINES 1
#else
#define CM_HAS_ENGINES 0
#endif

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

// Hands over a PIN, or fails where there is none: nobody is asked at the terminal, where a service would
// wait for ever.
static inline int cm_give_pin(char *buffer, int size, int writing, void *pin) {
    (void)writing;
    size_t count = pin == NULL ? 0 : strlen((const char *)pin);
    if (count == 0 || count > (size_t)size) return -1;
    memcpy(buffer, pin, count);
    return (int)count;
}

// The private key that a URI names, by way of a provider: OpenSSL's configuration says which.
static inline EVP_PKEY *cm_load_provider_key(const char *uri, const char *pin) {
    UI_METHOD *method = UI_UTIL_wrap_read_pem_callback(cm_give_pin, 0);
    if (method == NULL) return NULL;
    OSSL_STORE_CTX *store =
        OSSL_STORE_open_ex(uri, NULL, NULL, method, (void *)pin, NULL, NULL, NULL);
    EVP_PKEY *key = NULL;
    if (store != NULL && OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY)) {
        while (key == NULL && !OSSL_STORE_eof(store)) {
            OSSL_STORE_INFO *info = OSSL_STORE_load(store);
            if (info == NULL) {
                if (OSSL_STORE_error(store)) break;
                continue;
            }
            key = OSSL_STORE_INFO_get1_PKEY(info);
            OSSL_STORE_INFO_free(info);
        }
    }
    OSSL_STORE_close(store);
    UI_destroy_method(method);
    return key;
}

// The private key that a URI names, by way of libp11's engine, which Debian has where it has no
// provider; distributions without engines have one. The PIN is no part of the URI,
// because the engine prints the URI when it fails.
static inline EVP_PKEY *cm_load_engine_key(
    const char *uri, const char *pin, const char *module) {
#if CM_HAS_ENGINES
    OPENSSL_init_crypto(OPENSSL_INIT_ENGINE_DYNAMIC, NULL);
    ENGINE *engine = ENGINE_by_id("pkcs11");
    if (engine == NULL) return NULL;
    EVP_PKEY *key = NULL;
    if ((module == NULL || ENGINE_ctrl_cmd_string(engine, "MODULE_PATH", module, 0) > 0)
        && (pin == NULL || ENGINE_ctrl_cmd_string(engine, "PIN", pin, 0) > 0)
        && ENGINE_init(engine)) {
        key = ENGINE_load_private_key(engine, uri, UI_null(), NULL);
        ENGINE_finish(engine);
    }
    ENGINE_free(engine);
    return key;
#else
    (void)uri, (void)pin, (void)module;
    return NULL;
#endif
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

static inline int cm_add_crl_authority_key(X509_CRL *list, X509 *issuer) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, NULL, NULL, list, 0);
    X509_EXTENSION *extension =
        X509V3_EXT_nconf_nid(NULL, &context, NID_authority_key_identifier, "keyid:always");
    if (extension == NULL) return 0;
    int added = X509_CRL_add_ext(list, extension, -1);
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

static inline int cm_ctx_tls12_or_newer(SSL_CTX *context) {
    return (int)SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
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
