#!/usr/bin/env python3
"""Lets schemathesis send whatever the API's description allows, and more, to a served home: no answer is a failure of the
node's, each is of a kind, a type and a form that the description names.

    python3 Tests/Page/described.py --program .build/debug/countermark --python PYTHON
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from api import Home, check, failures  # noqa: E402

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
# Streams do not end; who signs in too often waits; the invitations of nobody are asked for over the network.
LEFT_OUT = ("/events", "/session", "/invitations")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--python", required=True, help="a Python that has schemathesis")
    parser.add_argument("--examples", default="4")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        home = Home(str(pathlib.Path(options.program).resolve()), str(folder / "oem"), "oem.example")
        home.ok("dataset", "create", "boards", "--title", "Boards")
        picture = folder / "a.png"
        picture.write_bytes(b"not a picture")
        home.ok("items", "add", "boards", picture)
        home.ok("annotate", "boards", "a.png", "--class", "spur", "--box", "1,2,3,4", "--author", "ann")
        with home.serving("--media", folder) as page:
            command = [options.python, "-m", "schemathesis.cli", "run", page.url.geturl() + "api/v1/openapi.json", "--checks", CHECKS,
                       "--max-examples", options.examples, "--seed", "1", "--phases", "coverage,fuzzing",
                       "--header", f"Cookie: {page.cookie}", "--header", f"X-CSRF-Token: {page.csrf}",
                       "--request-timeout", "20", "--no-color", "--suppress-health-check", "all"]
            for path in LEFT_OUT:
                command += ["--exclude-path", path]
            hooks = dict(os.environ, SCHEMATHESIS_HOOKS="hooks",
                         PYTHONPATH=str(pathlib.Path(__file__).resolve().parent))
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=hooks)
            check(done.returncode == 0, "every answer is one that the description names", done.stdout[:12000] + done.stderr)
            print("      " + "\n      ".join(done.stdout.strip().splitlines()[-8:]))
        check(home.json("verify")["ok"], "and the home is whole afterwards")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
