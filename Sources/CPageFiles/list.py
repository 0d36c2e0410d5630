#!/usr/bin/env python3
"""Writes files.c anew: which files of Sources/OperatorPage/Web the program holds. Run it when one is added or removed."""
import pathlib

here = pathlib.Path(__file__).resolve().parent
web = here.parent / "OperatorPage" / "Web"
names = sorted(p.relative_to(web).as_posix() for p in web.rglob("*") if p.is_file())
lines = ["// Made by list.py: the files of the page, as they are when this is compiled.", '#include "CPageFiles.h"', "",
         '#pragma clang diagnostic ignored "-Wc23-extensions"', ""]
for number, name in enumerate(names):
    lines += [f"static const unsigned char file{number}[] = {{", f'#embed "../OperatorPage/Web/{name}" suffix(, 0)', "};"]
lines += ["", "const struct cm_page_file cm_page_files[] = {"]
lines += [f'    {{"{name}", file{number}, sizeof file{number} - 1}},' for number, name in enumerate(names)]
lines += ["};", f"const size_t cm_page_file_count = {len(names)};", ""]
lines[-1:] = ["", "static const unsigned char description[] = {", '#embed "openapi.json"', "};",
              "const unsigned char *cm_page_description(void) { return description; }",
              "const size_t cm_page_description_count = sizeof description;", ""]
(here / "files.c").write_text("\n".join(lines))
