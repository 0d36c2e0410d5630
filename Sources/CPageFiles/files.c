// Made by list.py: the files of the page, as they are when this is compiled.
#include "CPageFiles.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char file0[] = {
#embed "../OperatorPage/Web/index.html" suffix(, 0)
};

const struct cm_page_file cm_page_files[] = {
    {"index.html", file0, sizeof file0 - 1},
};
const size_t cm_page_file_count = 1;

static const unsigned char description[] = {
#embed "openapi.json"
};
const unsigned char *cm_page_description(void) { return description; }
const size_t cm_page_description_count = sizeof description;
