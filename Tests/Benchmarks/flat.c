// The floor below a verified merge, without formats, tables or disks: what this program would take if all it did were
// checking signatures and merging in flat memory. It makes its own input: blocks of 256 operations of 32 bytes,
// each block signed with Ed25519 and hashed as a leaf, and then takes all of it: signature, hash, and every
// operation into arrays by the number of its label (the later of two writes stays, a tie is a conflict).
//
// cc -O2 -o flat flat.c -lcrypto; flat LABELS prints operations for each second of CPU.
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { operations_in_block = 256, signature_bytes = 64 };

struct operation {
    uint32_t label, kind, height, company;
    int32_t value[4];
};

struct label {
    int32_t box[4];
    uint32_t class_name, class_height, status, reviews;
    uint8_t is_there, class_company, has_conflict;
};

static double cpu_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

static void die(const char *why) {
    fprintf(stderr, "flat: %s\n", why);
    exit(1);
}

// The changes are those of `countermark bench`: a tenth of the labels revised by two companies, 3 % retracted,
// a tenth reviewed.
static size_t make_operations(uint32_t labels, struct operation *into) {
    size_t count = 0;
    for (uint32_t label = 0; label < labels; label++)
        into[count++] = (struct operation){label, 0, 1, label % 3, {label % 6000, label % 911, 20, 30}};
    for (uint32_t company = 0; company < 3; company++)
        for (uint32_t label = 0; label < labels; label++) {
            if (label % 10 == 4 && company != label / 10 % 3)
                into[count++] = (struct operation){label, 1, 2, company, {(label + company + 1) % 6}};
            if (label % 100 < 3 && company == label % 3)
                into[count++] = (struct operation){label, 2, 2, company, {1}};
            if (label % 10 == 7 && company == (label % 3 + 1) % 3)
                into[count++] = (struct operation){label, 3, 2, company, {1}};
        }
    return count;
}

static void merge(struct label *labels, const struct operation *operation) {
    struct label *label = &labels[operation->label];
    switch (operation->kind) {
    case 0:
        memcpy(label->box, operation->value, sizeof label->box);
        label->is_there = 1;
        break;
    case 1:
        if (operation->height == label->class_height && operation->company != label->class_company)
            label->has_conflict = 1;
        if (operation->height > label->class_height ||
            (operation->height == label->class_height && operation->company > label->class_company)) {
            label->class_name = operation->value[0];
            label->class_height = operation->height;
            label->class_company = operation->company;
        }
        break;
    case 2: label->status = operation->value[0]; break;
    default: label->reviews++;
    }
}

int main(int argc, char **argv) {
    long asked = argc > 1 ? atol(argv[1]) : 1000000;
    if (asked < 1 || asked > 100000000) die("give a number of labels from 1 to 100000000");
    uint32_t labels = asked;
    struct operation *operations = malloc(2 * (size_t)labels * sizeof *operations);
    struct label *table = calloc(labels, sizeof *table);
    size_t count = operations ? make_operations(labels, operations) : 0;
    size_t blocks = (count + operations_in_block - 1) / operations_in_block;
    unsigned char *signatures = malloc(blocks * signature_bytes);
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!table || !signatures || !key || !context) die("out of memory");
    for (size_t block = 0; block < blocks; block++) {
        size_t from = block * operations_in_block;
        size_t part = count - from < operations_in_block ? count - from : operations_in_block;
        size_t length = signature_bytes;
        if (EVP_DigestSignInit(context, NULL, NULL, NULL, key) != 1 ||
            EVP_DigestSign(context, signatures + block * signature_bytes, &length,
                           (unsigned char *)(operations + from), part * sizeof *operations) != 1)
            die("a signature could not be made");
    }
    double begin = cpu_seconds();
    unsigned char leaf[SHA256_DIGEST_LENGTH], all[SHA256_DIGEST_LENGTH] = {0};
    for (size_t block = 0; block < blocks; block++) {
        size_t from = block * operations_in_block;
        size_t part = count - from < operations_in_block ? count - from : operations_in_block;
        const unsigned char *bytes = (const unsigned char *)(operations + from);
        if (EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) != 1 ||
            EVP_DigestVerify(context, signatures + block * signature_bytes, signature_bytes, bytes,
                             part * sizeof *operations) != 1)
            die("a signature does not hold");
        SHA256(bytes, part * sizeof *operations, leaf);
        for (int n = 0; n < SHA256_DIGEST_LENGTH; n++) all[n] ^= leaf[n];
        for (size_t n = 0; n < part; n++) merge(table, &operations[from + n]);
    }
    double taken = cpu_seconds() - begin;
    size_t conflicts = 0;
    for (uint32_t label = 0; label < labels; label++) conflicts += table[label].has_conflict;
    fprintf(stderr, "%zu operations, %zu conflicts, %02x%02x\n", count, conflicts, all[0], all[1]);
    printf("%.0f\n", count / taken);
    return 0;
}
