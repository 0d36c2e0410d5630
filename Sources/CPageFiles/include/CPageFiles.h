// The files of the operator's page, compiled into the program.
#pragma once

#include <stddef.h>

struct cm_page_file {
    const char *name;
    const unsigned char *bytes;
    size_t count;
};

extern const struct cm_page_file cm_page_files[];
extern const size_t cm_page_file_count;

// One of them; NULL beyond the last.
static inline const struct cm_page_file *cm_page_file(size_t index) {
    return index < cm_page_file_count ? &cm_page_files[index] : NULL;
}

// The description of the API (OpenAPI 3.1).
const unsigned char *cm_page_description(void);
extern const size_t cm_page_description_count;
