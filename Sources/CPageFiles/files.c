// Made by list.py: the files of the page, as they are when this is compiled.
#include "CPageFiles.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char file0[] = {
#embed "../OperatorPage/Web/index.html" suffix(, 0)
};
static const unsigned char file1[] = {
#embed "../OperatorPage/Web/proof/bytes.js" suffix(, 0)
};
static const unsigned char file2[] = {
#embed "../OperatorPage/Web/proof/cbor.js" suffix(, 0)
};
static const unsigned char file3[] = {
#embed "../OperatorPage/Web/proof/changeset.js" suffix(, 0)
};
static const unsigned char file4[] = {
#embed "../OperatorPage/Web/proof/check.js" suffix(, 0)
};
static const unsigned char file5[] = {
#embed "../OperatorPage/Web/proof/cose.js" suffix(, 0)
};
static const unsigned char file6[] = {
#embed "../OperatorPage/Web/proof/der.js" suffix(, 0)
};
static const unsigned char file7[] = {
#embed "../OperatorPage/Web/proof/keys.js" suffix(, 0)
};
static const unsigned char file8[] = {
#embed "../OperatorPage/Web/proof/notes.js" suffix(, 0)
};
static const unsigned char file9[] = {
#embed "../OperatorPage/Web/proof/selector.js" suffix(, 0)
};
static const unsigned char file10[] = {
#embed "../OperatorPage/Web/proof/sign.js" suffix(, 0)
};
static const unsigned char file11[] = {
#embed "../OperatorPage/Web/proof/signing.js" suffix(, 0)
};
static const unsigned char file12[] = {
#embed "../OperatorPage/Web/proof/standing.js" suffix(, 0)
};
static const unsigned char file13[] = {
#embed "../OperatorPage/Web/proof/text.en.json" suffix(, 0)
};
static const unsigned char file14[] = {
#embed "../OperatorPage/Web/proof/text.zh.json" suffix(, 0)
};
static const unsigned char file15[] = {
#embed "../OperatorPage/Web/proof/words.js" suffix(, 0)
};
static const unsigned char file16[] = {
#embed "../OperatorPage/Web/proof/x509.js" suffix(, 0)
};

const struct cm_page_file cm_page_files[] = {
    {"index.html", file0, sizeof file0 - 1},
    {"proof/bytes.js", file1, sizeof file1 - 1},
    {"proof/cbor.js", file2, sizeof file2 - 1},
    {"proof/changeset.js", file3, sizeof file3 - 1},
    {"proof/check.js", file4, sizeof file4 - 1},
    {"proof/cose.js", file5, sizeof file5 - 1},
    {"proof/der.js", file6, sizeof file6 - 1},
    {"proof/keys.js", file7, sizeof file7 - 1},
    {"proof/notes.js", file8, sizeof file8 - 1},
    {"proof/selector.js", file9, sizeof file9 - 1},
    {"proof/sign.js", file10, sizeof file10 - 1},
    {"proof/signing.js", file11, sizeof file11 - 1},
    {"proof/standing.js", file12, sizeof file12 - 1},
    {"proof/text.en.json", file13, sizeof file13 - 1},
    {"proof/text.zh.json", file14, sizeof file14 - 1},
    {"proof/words.js", file15, sizeof file15 - 1},
    {"proof/x509.js", file16, sizeof file16 - 1},
};
const size_t cm_page_file_count = 17;
