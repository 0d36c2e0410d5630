"""A home's files as the tests see them: kept and put back, and what its logs say."""

import os
import pathlib
import re
import shutil

HASH_BYTES = 32
TILE_WIDTH = 256


class Snapshot:
    """A home's files at one moment, which can be put back as often as needed.

    The home is put back in its place, and each file is the file that it was: the program takes it for the same home and
    not for a copy.
    """

    def __init__(self, home):
        self.home = pathlib.Path(home)
        self.files, self.folders, self.kept = {}, set(), {}
        self.aside = self.home.with_name(f"{self.home.name}.kept-{id(self)}")
        self.aside.mkdir()
        self.existed = self.home.exists()
        for folder, names, files in os.walk(self.home):
            self.folders |= {pathlib.Path(folder, name) for name in names}
            for name in files:
                path = pathlib.Path(folder, name)
                self.files[path] = (path.read_bytes(), path.stat().st_mode & 0o7777)
                self.kept[path] = self.aside / str(len(self.kept))
                os.link(path, self.kept[path])

    def put_back(self):
        if not self.existed:
            return shutil.rmtree(self.home, ignore_errors=True)
        for folder, names, files in os.walk(self.home, topdown=False):
            for name in files:
                path = pathlib.Path(folder, name)
                if path not in self.files:
                    path.unlink()
            for name in names:
                path = pathlib.Path(folder, name)
                if path not in self.folders:
                    shutil.rmtree(path)
        for folder in sorted(self.folders):
            folder.mkdir(exist_ok=True)
        for path, (content, mode) in self.files.items():
            if not path.exists() or not path.samefile(self.kept[path]):
                path.unlink(missing_ok=True)
                os.link(self.kept[path], path)
            if path.read_bytes() != content:
                path.write_bytes(content)
            path.chmod(mode)


def log_folders(home):
    """The folders of all logs of a home."""
    return sorted(pathlib.Path(home, "logs").glob("*/*/*"))


def size(folder):
    """How many entries a log's checkpoint covers."""
    checkpoint = folder / "checkpoint"
    try:
        return int(checkpoint.read_text(errors="replace").split("\n")[1])
    except (FileNotFoundError, IndexError, ValueError):
        return 0


def tile_path(folder, kind, index, width):
    """The tile file of at least this width; none where it is missing."""
    full = folder / "tile" / kind / f"{index:03}"
    if full.exists():
        return full
    partial = [int(path.name) for path in full.with_name(full.name + ".p").glob("*") if path.name.isdigit()]
    wide = [found for found in partial if found >= width]
    return full.with_name(full.name + ".p") / str(min(wide)) if wide else None


def tile(folder, kind, index, width):
    """The bytes of a tile file of at least this width."""
    path = tile_path(folder, kind, index, width)
    return path.read_bytes() if path else b""


def leaves(folder):
    """The leaf hashes that a log's checkpoint covers, one after the other."""
    whole, found = size(folder), b""
    for index in range((whole + TILE_WIDTH - 1) // TILE_WIDTH):
        width = min(TILE_WIDTH, whole - index * TILE_WIDTH)
        found += tile(folder, "0", index, width)[:width * HASH_BYTES]
    return found


def histories(home):
    """The leaf hashes of every log of a home."""
    return {str(folder.relative_to(home)): leaves(folder) for folder in log_folders(home)}


def litter(home):
    """Files that a writer left and nobody will take up again."""
    return sorted(
        str(path.relative_to(home)) for path in pathlib.Path(home).rglob("*")
        if re.search(r"\.tmp$|\.sb-|^anchor\.", path.name))
