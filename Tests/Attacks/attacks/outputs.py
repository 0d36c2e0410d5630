"""What a member's texts do to the terminal, and links and modes to files."""

import os
from time import sleep as wait

from harness import attack
from attacks.exports import export
from toolkit import *

# MARK: Terminals


@attack(
    "terminal",
    "annotator",
    "puts escape sequences, bells, C1 and bidirectional controls and a line that looks like the"
    " program's own into keys, classes, attributes, reasons, comments and messages",
    "on a terminal no command prints them raw, and none prints the false line as a line of its own; the serving"
    " node's output neither",
)
def terminal(t):
    world = World(t.folder)
    log = world.log_of(world.hostile())
    bad = "\x1b[2J\x1b]52;c;cm0=\x07\x1b[31mFAKE\r\ncountermark: all holds"
    key = "img/\u009b31m\u202e1"
    first = Changeset()
    first.label(key, "c\u009b", WHOLE_ITEM, [first.attribute("attr\u0085"), bad])
    log.send(first)
    second = (
        Changeset().comment("evil.example:0.1", bad).review("evil.example:0.1", ACCEPT, bad).comment_item(key, bad)
    )
    second.meta = {0: second.string("au\u009bthor"), 1: bad}
    log.send(second)
    t.note(f"{log.size} entries kept")
    signs = {
        "an escape sequence": b"\x1b[2J",
        "a clipboard sequence": b"\x1b]52",
        "a bell": b"\x07",
        "a carriage return": b"FAKE\r",
        "a false line": b"\ncountermark: all holds",
        "a C1 control": "\u009b".encode(),
        "a next-line control": "\u0085".encode(),
        "a bidirectional control": "\u202e".encode(),
    }
    commands = [[name, world.dataset] for name in ("list", "history", "conflicts", "quarantine")]
    commands += [["status"], ["dataset", "show", world.dataset]]
    if log.size:
        commands += [["show", "evil.example:0.1"], ["show", key, "--dataset", world.dataset]]
    for command in commands:
        out = on_terminal(*command, home=world.oem)
        found = [name for name, data in signs.items() if data in out]
        t.check(
            not found, f"`{command[0]}` prints {', '.join(found)}", "what members wrote is inert text on a terminal"
        )
    evil = log.company
    evil.call(world.port, "POST", "/v1/logs/x%1b%5b2J/y/z/entries?from=0", b"x")
    evil.call(world.port, "GET", "/logs/%1b%5b31mx/%0a/z/checkpoint")
    t.alive(world, "odd paths")
    world.server.stop()
    printed = world.server.printed()
    t.check(
        b"\x1b" not in printed and b"FAKE" not in printed,
        "the serving node's output holds what the peer sent raw",
        "output is inert text",
    )


# MARK: Files


@attack(
    "times-beyond",
    "annotator",
    "signs entries that claim the first and the last second that there is, and others between them",
    "history marks them and shows no false date, and a release is described: no command breaks down",
)
def times_beyond(t):
    world = World(t.folder)
    log = world.log_of(world.hostile())
    log.send(label("img/x"))
    for time in (-(2**63), 2**63 - 1, 2**62, 1):
        log.send(label("img/y"), iat=time)
    # Times are of whole seconds.
    wait(1.1)
    world.annotate(world.oem, "img/1")
    lines = cm("history", world.dataset, home=world.oem).out.splitlines()
    theirs = [line for line in lines if "  evil.example  " in line]
    t.check(
        all("not counted" in line for line in theirs if not line.startswith("20")) and "  oem.example  " in lines[0],
        f"history begins with {one_line(lines[0])}",
        "what does not count is marked, and stands where its log has it",
    )
    t.check(
        not any("5828963" in line for line in lines) and len({line.split("  ")[0] for line in theirs}) >= 5,
        f"history shows {[line.split('  ')[0] for line in theirs]}",
        "no date is shown that nobody claimed",
    )
    cm("release", "create", world.dataset, "r1", home=world.oem)
    for form in ("html", "md"):
        words = ("release", "sheet", world.dataset, "r1", "--format", form, "-o", f"{t.folder}/sheet.{form}")
        result = cm(*words, home=world.oem, check=False)
        t.check(
            result.status == 0,
            f"release sheet ended with {result.status} {one_line(result.err)}",
            "a release is described whatever a member's entries claim",
        )


@attack(
    "partial-link",
    "whoever may write into the output folder",
    "puts a symbolic link to another file where an export writes first, at `OUT.partial`",
    "the link's target is not changed, whether the export succeeds or refuses",
)
def partial_link(t):
    world = World(t.folder)
    world.annotate(world.oem, "img/1")
    folder = t.folder + "/out"
    os.makedirs(folder)
    for form in ("csv", "jsonl", "coco"):
        out, target = f"{folder}/x.{form}", f"{t.folder}/target-{form}"
        with open(target, "w") as file:
            file.write("precious")
        os.symlink(target, out + ".partial")
        result = cm("export", world.dataset, "--format", form, "-o", out, home=world.oem, check=False)
        with open(target) as file:
            t.check(
                file.read() == "precious",
                f"the export as {form} (status {result.status}) wrote through the link at OUT.partial",
                "a link that somebody put there is not followed",
            )
        t.check(
            result.status != 0 or (os.path.isfile(out) and not os.path.islink(out)),
            f"the export as {form} says status {result.status}, and out/x.{form} is no plain file",
            "the export is where it was asked for, or it refuses",
        )


@attack(
    "inner-links",
    "whoever may write into the output folder",
    "puts symbolic links into the folder of an earlier export:"
    " in the place of a file for an item, and of a folder in it",
    "the links' targets are not changed, whether the next export succeeds or refuses",
)
def inner_links(t):
    world = World(t.folder)
    for item in ("img/1.png", "2.png"):
        world.annotate(world.oem, item)
    for form in ("voc", "labelme", "kitti", "webvtt"):
        out = f"{t.folder}/out-{form}"
        _, files = export(world, form, out)
        targets = f"{t.folder}/targets-{form}"
        os.makedirs(targets)
        for number, path in enumerate(sorted(files)):
            with open(f"{targets}/{number}", "w") as file:
                file.write("precious")
            os.remove(f"{out}/{path}")
            os.symlink(f"{targets}/{number}", f"{out}/{path}")
        for folder in [entry.path for entry in os.scandir(out) if entry.is_dir()]:
            os.rename(folder, folder + ".was")
            os.makedirs(f"{targets}/inner")
            os.symlink(f"{targets}/inner", folder)
            break
        result = cm("export", world.dataset, "--format", form, "-o", out, home=world.oem, check=False)
        for number in range(len(files)):
            with open(f"{targets}/{number}") as file:
                t.check(
                    file.read() == "precious",
                    f"the export as {form} (status {result.status}) wrote through a link",
                    "links are not followed",
                )
        written = os.listdir(targets + "/inner") if os.path.isdir(targets + "/inner") else []
        t.check(
            not written,
            f"the export as {form} (status {result.status}) wrote {written} through a linked folder",
            "links are not followed",
        )


@attack(
    "home-mode",
    "another user of the machine",
    "makes the home's folder beforehand, readable by all (0755); then `init` makes a home in it",
    "no file in it can be read by others: the folder is closed, or every file is, or init refuses",
)
def home_mode(t):
    home = t.folder + "/before"
    os.makedirs(home)
    os.chmod(home, 0o755)
    mask = os.umask(0o022)
    try:
        result = cm("init", "--org", "pre.example", "--name", "Pre", home=home, check=False)
    finally:
        os.umask(mask)
    if result.status != 0 or not os.stat(home).st_mode & 0o077:
        return

    def readable(folder):
        for entry in os.scandir(folder):
            mode = entry.stat(follow_symlinks=False).st_mode
            if entry.is_dir(follow_symlinks=False):
                if mode & 0o011:
                    yield from readable(entry.path)
            elif mode & 0o044:
                yield os.path.relpath(entry.path, home)

    found = sorted(readable(home))
    t.check(not found, f"others can read {', '.join(found[:6])}", "a home is its owner's alone")
