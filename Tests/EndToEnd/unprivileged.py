"""The program as a user without rights, wherever the checkout and the Swift libraries lie.

Who is nobody cannot enter a home folder of mode 0700, where the program and what it loads may be. So they are copied.
"""

import os
import pathlib
import shutil
import subprocess

NOBODY = 65534
# Where everybody can read.
SYSTEM = ("/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/")


class CannotDropRights(Exception):
    """Why this machine does not let the program run as somebody else."""


class Nobody:
    """A copy of the program that nobody can run: `program`, with `options` for subprocess and a `folder` to read."""

    def __init__(self, program, folder):
        if os.getuid() != 0:
            raise CannotDropRights("only root can become somebody else")
        self.folder = pathlib.Path(folder) / "nobody"
        self.folder.mkdir()
        for place in (self.folder, pathlib.Path(folder)):
            os.chmod(place, 0o755)
        libraries = self.folder / "lib"
        libraries.mkdir()
        self.program = str(shutil.copy(program, self.folder / "countermark"))
        for library in loaded(program):
            shutil.copy(library, libraries)
        for path in [libraries, pathlib.Path(self.program), *libraries.iterdir()]:
            os.chmod(path, 0o755)
        environment = {**os.environ, "LD_LIBRARY_PATH": str(libraries), "HOME": str(self.folder)}
        self.options = {"user": NOBODY, "group": NOBODY, "extra_groups": [], "cwd": "/",
                        "env": environment}
        self._try()

    def _try(self):
        """Runs the program once, so that what stands in the way is not taken for what is being tested."""
        try:
            done = subprocess.run(
                [self.program, "--help"], capture_output=True, text=True, **self.options)
        except OSError as error:
            raise CannotDropRights(f"nobody cannot run {self.program}: {error}") from error
        if done.returncode != 0:
            raise CannotDropRights(f"nobody cannot run {self.program}: {done.stderr.strip()}")


def loaded(program):
    """The shared libraries that a program loads from outside the system's folders."""
    lines = subprocess.run(["ldd", program], capture_output=True, text=True).stdout.splitlines()
    found = [line.split("=>")[1].split()[0] for line in lines if "=>" in line and "/" in line]
    return [path for path in found if not path.startswith(SYSTEM)]
