#!/usr/bin/env python3
"""Runs the pages of Docs/Operations.md as they stand there, with real nodes.

The commands are taken out of the pages' code blocks. Each page has a stage here, which says who `you` and `steward` are and
what its placeholders stand for. A page whose commands change is run as it is then; one with a word that no stage knows fails.
"""

import argparse
import configparser
import contextlib
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from words import BOARDS, Company, Pair, check, failures, patience  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ROOT / "Docs" / "Operations.md"
COMMAND = re.compile(r"^ {4}(?:(\w+))?\$ +(.*)$")


def page(title):
    """The text below a heading, up to the next of its rank."""
    text = PAGES.read_text()
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    if not found:
        sys.exit(f"{PAGES} has no page \"{title}\"")
    return found.group(1)


def commands(title, part=None, until=None):
    """Who runs what, as the page says it between two of its sentences: the prompt before `$`, and the words."""
    text = page(title)
    if part:
        text = text[text.index(part):]
    if until:
        text = text[:text.index(until)]
    found = []
    for line in text.splitlines():
        if match := COMMAND.match(line):
            words = re.sub(r"\s+#.*$", "", match.group(2))
            found.append((match.group(1) or "", words))
    if not found:
        sys.exit(f"the page \"{title}\" has no commands")
    return found


class Stage:
    """Who the prompts are, and what the placeholders of a page stand for."""

    def __init__(self, folder, people, words=(), others=(), runs=()):
        self.folder, self.people, self.words = folder, people, dict(words)
        # Commands that are not the program's, and what they come to here.
        self.others, self.runs = dict(others), dict(runs)

    def run(self, title, part=None, until=None):
        """Runs a page, or what stands between two of its sentences."""
        for who, line in commands(title, part, until):
            if who not in self.people:
                sys.exit(f"\"{title}\" speaks of {who}$, whom its stage does not know")
            words = self.placed(line)
            home = self.people[who]
            if words.split()[0] in self.others:
                self.others[words.split()[0]]()
                continue
            with contextlib.ExitStack() as stack:
                for begin, serving in self.runs.items():
                    if words.startswith(begin):
                        stack.enter_context(serving())
                self.call(home, words, title, [0])

    def call(self, home, words, title, statuses):
        if words.split()[0] not in ("countermark", "cp", "cat"):
            sys.exit(f"\"{title}\" runs {words.split()[0]}, which its stage does not know")
        environment = {**os.environ, "COUNTERMARK_HOME": str(home.path), "PATH": f"{self.bin(home)}:{os.environ['PATH']}"}
        ended = patience.run(["bash", "-c", words], env=environment, cwd=self.folder)
        check(ended.returncode in statuses, f"{title}: {words}", f"{ended.returncode}: {ended.stdout}{ended.stderr}")
        return ended.stdout

    def bin(self, home):
        folder = self.folder / "bin"
        folder.mkdir(exist_ok=True)
        link = folder / "countermark"
        if not link.exists():
            link.symlink_to(home.program)
        return folder

    def placed(self, line):
        for word, meaning in sorted(self.words.items(), key=lambda pair: -len(pair[0])):
            line = line.replace(word, str(meaning))
        left = [word for word in re.findall(r"(?<![\w./-])[A-Z]{3,}[\w.]*", line)]
        if left:
            sys.exit(f"{left} in \"{line}\" is a placeholder that the stage does not know")
        return line


def pair(program, folder):
    found = Pair(program, folder)
    found.tier.label("a.png")
    found.sync()
    return found


# ---- the pages


def leaving(program, folder):
    stage = pair(program, folder)
    oem, tier = stage.oem, stage.tier
    tier.label("last.png")
    text = page("Leaving a dataset")
    Stage(folder, {"": tier}, runs={"countermark sync": oem.serving}).run("Leaving a dataset")
    check("last.png" in oem.labels(), "what was written before reached the partner")
    check(tier.try_label("late.png").status == 1, "nothing more is written")
    check("countermark member cut boards tier1.example" in text, "the page says what the steward runs")
    oem.ok("member", "cut", "boards", "tier.example")


def moving(program, folder):
    stage = pair(program, folder)
    oem, tier = stage.oem, stage.tier
    moved = folder / "moved"

    def copy():
        subprocess.run(["cp", "-a", f"{tier.path}/.", str(moved)], check=True)

    new = object.__new__(Company)
    new.__dict__.update(tier.__dict__, path=moved)
    moved.mkdir(mode=0o700)
    Stage(
        folder, {"old": tier, "new": new, "steward": oem}, {"tier1.example": "tier.example"},
        {"systemctl": lambda: None, "rsync": copy}, {"countermark sync": oem.serving},
    ).run("Renaming and moving", until="A company is **renamed**")
    check(new.try_label("moved.png").status == 0, "the moved home writes")
    with oem.serving():
        check(new.say("sync").status == 0 and not oem.json("evidence")["evidence"], "and syncs without a fork")


def renaming(program, folder):
    stage = pair(program, folder)
    oem, tier = stage.oem, stage.tier
    shutil.copy(tier.root, folder / "ca.pem")
    shutil.copy(tier.path / "keys" / "ca.key", folder / "ca.key")
    new = object.__new__(Company)
    new.__dict__.update(tier.__dict__, path=folder / "renamed", origin="new.example")
    Stage(folder, {"new": new, "steward": oem}, {"old.example": "tier.example"}).run(
        "Renaming and moving", "A company is **renamed**")
    new.knows(oem, dials=True)
    with oem.serving():
        new.ok("dataset", "join", BOARDS)
        label = next(a["id"] for a in new.json("list", BOARDS)["annotations"] if a["item"] == "a.png")
        done = new.json("set", f"tier.example/{BOARDS}:{label.split(':')[1]}", "class=open")
        check(not done["suggestion"], "the new name goes on for the old one: its labels are its own", done)
        new.ok("sync")
    check(oem.labels()["a.png"] == "open", "at the steward's, too")


def repairing(program, folder):
    stage = pair(program, folder)
    oem, tier = stage.oem, stage.tier
    backup = folder / "backup"
    tier.ok("backup", backup)

    def damage(home, member):
        bundle = next(home.path.glob(f"logs/{member}/oem.example/boards/tile/entries/*.p/*"))
        content = bytearray(bundle.read_bytes())
        content[len(content) // 2] ^= 1
        bundle.write_bytes(content)
        check(home.say("verify").status == 1, "the damage is named")

    words = commands("Damage")
    check([line.split()[1] for _, line in words] == ["repair"] * 3, "the page names three ways", words)
    places = {"/backup/countermark": backup, " [DATASET]": ""}
    one = Stage(folder, {"": tier}, places)
    damage(tier, "oem.example")
    with oem.serving():
        one.call(tier, one.placed(words[0][1]), "Damage", [0])
    check(tier.say("verify").status == 0, "from a partner")
    damage(tier, "tier.example")
    one.call(tier, one.placed(words[1][1]), "Damage", [0])
    check(tier.say("verify").status == 0, "from a backup")
    # The steward dials nobody: the page says who has to run what, and so does the program.
    damage(oem, "tier.example")
    done = oem.say("repair")
    check(done.status == 1 and "tier.example" in done.text and "it waits" in done.text
          and "countermark sync" in done.text, "repair names who has to run what", done.text)
    check("REPAIR of tier.example/oem.example/boards waits" in oem.ok("status").out, "status shows that it waits")
    with oem.serving():
        done = tier.ok("sync")
    check("brought oem.example 1 bundles" in done.out, "the dialler says what it brought", done.text)
    check(oem.say("verify").status == 0 and "REPAIR" not in oem.ok("status").out, "the next contact brings it by itself")
    damage(oem, "tier.example")
    one.call(oem, one.placed(words[2][1]), "Damage", [1])
    with oem.serving():
        tier.ok("sync")
    check(oem.say("verify").status == 0 and "a.png" in oem.labels(), "from a partner that only dials")


def restoring(program, folder):
    stage = pair(program, folder)
    oem, tier = stage.oem, stage.tier
    place = folder / "restored"
    Stage(folder, {"": tier}, {"/backup/countermark": folder / "backup", "HOME": place}).run("Backup and restore")
    new = object.__new__(Company)
    new.__dict__.update(tier.__dict__, path=place)
    check(new.try_label("early.png").status == 1, "a restored home asks first")
    with oem.serving():
        new.ok("sync")
    check(new.try_label("late.png").status == 0, "and is free then")


def roots(program, folder):
    stage = pair(program, folder)
    oem, tier = stage.oem, stage.tier
    person = tier.json("key", "issue-person", "--email", "anna@tier.example", "-o", folder / "people")
    sign = ["--sign-cert", person["certificate"], "--sign-key", person["key"]]
    tier.label("by-anna.png", extra=sign)
    shutil.copy(tier.root, folder / "OLD.pem")
    names = {name: folder / name for name in ("NEW.pem", "NEW.key", "OLD.pem", "BOTH.pem", "NEXT")}
    Stage(
        folder, {"you": tier, "steward": oem}, {**names, "tier1.example": "tier.example"},
        runs={"countermark sync": oem.serving}).run("Renewing")
    tier.label("under-the-new-root.png")
    with oem.serving():
        tier.ok("sync")
    for home in (oem, tier):
        check({"a.png", "by-anna.png", "under-the-new-root.png"} <= set(home.labels()),
              f"{home.origin} counts what was signed before and after")
        check(home.say("verify").status == 0, f"{home.origin} verifies it")
        check(not home.json("quarantine", BOARDS)["entries"], f"{home.origin} leaves nothing out")
    check(len(list((tier.path / "keys").glob("ca.*.key"))) == 1, "the old authority's key is kept aside")
    tier.ok("key", "rotate")
    tier.json("key", "issue-person", "--email", "otto@tier.example", "-o", folder / "people")
    with oem.serving():
        check(tier.say("sync").status == 0, "the next key comes from the new root")
    # Both roots stay in force at the partner; without the old one its entries could not be checked.
    oem.ok("partner", "add", "tier.example", "--root", folder / "BOTH.pem")
    done = tier.ok("status")
    check("ENDS" not in done.out, "and nothing ends", done.out)


def proxies(program, folder):
    """What the page says of proxies in words; words.py has a proxy that relays."""
    text = page("Proxies")
    stage = pair(program, folder)
    tier = stage.tier
    for word in ("HTTPS_PROXY", "NO_PROXY", "--proxy none", "[fe80::1%eth0]", "serve --peer"):
        check(word in text, f"the page names {word}")
    with stage.oem.serving():
        dead = {"HTTPS_PROXY": "http://127.0.0.1:1"}
        check(tier.say("sync", environment=dead).status == 4, "HTTPS_PROXY is used")
        for host in ("127.0.0.1", "*"):
            check(tier.say("sync", environment={**dead, "NO_PROXY": host}).status == 0, f"not for NO_PROXY={host}")
        check(tier.say("sync", "--proxy", "none", environment=dead).status == 0, "--proxy none dials directly")
        done = tier.say("sync", "--proxy", "http://NAME:PASSWORD@127.0.0.1:1")
        check(done.status == 4 and "PASSWORD" not in done.text, "a proxy's password is not shown", done.text)
    check(tier.say("partner", "add", "oem.example", "--url", "https://[fe80::1%eth0]:7443").status == 0,
          "the address with a zone is taken")


def systemd(program, folder):
    debian = ROOT / "Tests" / "Package" / "debian"
    unit = (debian / "countermark.service").read_text()
    check(str((debian / "countermark.service").relative_to(ROOT)) in page("The Debian package and systemd"),
          "the page says where the unit is")
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",))
    parser.optionxform = str
    parser.read_string(unit)
    check(set(parser.sections()) == {"Unit", "Service", "Install"}, "the unit has its three sections")
    started = shlex.split(parser["Service"]["ExecStart"])
    check(started == ["/usr/bin/countermark", "serve", "$COUNTERMARK_SERVE"], "it serves")
    given = dict(line.split("=", 1) for line in (debian / "countermark.default").read_text().splitlines() if "=" in line)
    words = started[:2] + shlex.split(shlex.split(given["COUNTERMARK_SERVE"])[0])
    if shutil.which("systemd-analyze"):
        # The program has to be where the unit says; here that is wherever it was built.
        file = folder / "countermark.service"
        file.write_text(unit.replace("/usr/bin/countermark", program).replace("=countermark\n", "=root\n"))
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(file)], capture_output=True, text=True)
        told = [line for line in (done.stdout + done.stderr).splitlines() if "countermark.service" in line]
        check(not told, "systemd-analyze finds nothing", told)
    else:
        print("SKIPPED: systemd-analyze, which is not here; the unit was parsed")
    # As the unit says, with a port that is free, and an end as systemd ends it.
    home = Company(program, folder, "oem.example")
    words = [program, *words[1:]]
    for option in ("--peer", "--ui"):
        place = words.index(option) + 1
        host, _, _ = words[place].rpartition(":")
        words[place] = f"{host}:{Company.__init__.__globals__['free_port']()}"
    process = subprocess.Popen(
        words, env={**os.environ, "COUNTERMARK_HOME": str(home.path)}, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True)
    port = int(words[words.index("--peer") + 1].rpartition(":")[2])
    patience.until(lambda: listens(port), "the unit's command serves")
    process.terminate()
    check(process.wait(60) == 0, "SIGTERM ends it with 0")
    done = home.say("doctor", "--no-dial", "--quiet")
    check(done.status == 0 and done.out == "", "the timer's command is quiet while all is well", done.text)


def listens(port):
    import socket
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


PARTS = [leaving, moving, renaming, repairing, restoring, roots, proxies, systemd]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("parts", nargs="*", help="names of parts; all if left out")
    options = parser.parse_args()
    program = str(pathlib.Path(options.program).resolve())
    for part in PARTS:
        if options.parts and part.__name__ not in options.parts:
            continue
        with tempfile.TemporaryDirectory(prefix="pages-") as folder:
            print(f"-- {part.__name__}", flush=True)
            part(program, pathlib.Path(folder) / "stage") if part is not systemd else part(
                program, pathlib.Path(folder))
    if failures:
        sys.exit(f"{len(failures)} failed: {failures}")
    print("passed")


if __name__ == "__main__":
    main()
