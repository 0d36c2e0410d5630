#!/usr/bin/env python3
"""Ctrl-C during long work of the real program: all stays whole, it is said what was done, and the status is 130.

Each command is ended as soon as its bar shows the stage that is wanted; where a partner keeps it waiting, after a while.
"""

import argparse
import os
import pathlib
import signal
import subprocess
import tempfile
import time

from raw import DATASET, HANG, OEM, TIER, check, companies, finish, free_port, log_folder

LABELS = 20_000
ENDED = 130


def table(path, count, first=0):
    box = '"{""kind"":""box"",""x"":%d,""y"":2,""width"":3,""height"":4}"'
    rows = [f"annotation,board-{n % 500}.png,spur,{box % n},{n}" for n in range(first, first + count)]
    path.write_text("\n".join(["kind,item,class,selector,external_id", *rows]) + "\n")
    return str(path)


def end(company, *words, during=None, after=0.0):
    """Runs a command, presses Ctrl-C when its bar shows a stage or after some seconds, and returns status and texts."""
    process = subprocess.Popen(
        [company.program, *words, "--home", str(company.home), *([] if during is None else ["--progress", "bar"])],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    seen = b""
    if during is None:
        time.sleep(after)
    while during is not None and during.encode() not in seen:
        piece = os.read(process.stderr.fileno(), 4096)
        if not piece:
            break
        seen += piece
    pressed = time.monotonic()
    process.send_signal(signal.SIGINT)
    output, error = process.communicate(timeout=HANG)
    told = (seen + error).decode().replace("\r", "\n").splitlines()
    said = [line for line in output.decode().splitlines() + told if line and not line.startswith("\x1b")]
    return process.returncode, said, time.monotonic() - pressed


def ended(result, what, *words):
    status, said, seconds = result
    text = " / ".join(said)
    check(status == ENDED and all(word in text for word in words), f"{what}: {status} in {seconds:.1f} s: {text[-300:]}")


def ended_or_done(result, what, *words):
    """Short work is over before a key is pressed on a fast machine; what was done before the program looked is done."""
    if result[0] == 0:
        return check("ended" not in " / ".join(result[1]), f"{what}: done before it was ended")
    ended(result, what, *words)


def size(company, origin=None):
    logs = company.run("status", DATASET)["datasets"][0]["logs"]
    return {log["origin"].split("/")[0]: log["size"] for log in logs}.get(origin or company.origin, 0)


def litter(company):
    return [str(path) for path in company.home.rglob("*") if path.suffix in (".tmp", ".part")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    program = str(pathlib.Path(parser.parse_args().program).resolve())
    # A shell starts what it runs in the background with this signal ignored, which programs inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        port = free_port()
        oem, tier = companies(program, folder, port, TIER)
        oem.serve(port, folder / "oem.log")
        tier.run("dataset", "join", DATASET)
        oem.stop()
        labels = table(folder / "labels.csv", LABELS)

        before = size(oem)
        ended(end(oem, "import", DATASET, labels, "--format", "csv", during="reading"), "an import that reads",
              "nothing was written")
        check(size(oem) == before, f"the log has {before} entries as before")
        ended_or_done(
            end(oem, "import", DATASET, labels, "--format", "csv", during="merging"), "an import that merges",
            "all of it is signed", "written all the same")
        grown = size(oem)
        check(grown > before, f"the log has {grown} entries now")
        again = oem.run("import", DATASET, labels, "--format", "csv")
        check((again["added"], again["unchanged"]) == (0, LABELS), f"a second import changes nothing: {again}")

        exported = end(oem, "export", DATASET, "--format", "csv", "-o", str(folder / "out.csv"), during="writing")
        ended_or_done(exported, "an export", "nothing was written to")
        check(exported[0] == 0 or not list(folder.glob("out*")), "no part of a file is there")
        ended_or_done(
            end(oem, "verify", DATASET, during="merging"), "a verification", "signatures hold, no problem")
        ended_or_done(end(oem, "rebuild", DATASET, during="merging"), "a rebuild", "is as it was before")
        check(oem.run("verify")["ok"], "the home is whole")

        stick = folder / "stick"
        oem.run("carry", "out", DATASET, str(stick), "--for", TIER)
        ended_or_done(end(tier, "carry", "in", str(stick), during="merging"), "carry in", "took")

        oem.serve(port, folder / "oem.log")
        try:
            tier.run("sync")
            check(size(tier, OEM) == grown, "the next sync has all of it")
            more = table(folder / "more.csv", LABELS, LABELS)
            oem.run("import", DATASET, more, "--format", "csv")
            status, said, _ = end(tier, "sync", during="merging")
            text = " / ".join(said)
            # What was done before it looked again is done, and says so.
            check(status == ENDED and "ended before" in text or status == 0 and f"(+{LABELS})" in text,
                  f"a sync: {status}: {text[-300:]}")
            check(tier.run("verify")["ok"] and not litter(tier), "its home is whole, and nothing is left over")
            # A partner that does not answer keeps nobody.
            os.kill(oem.node.pid, signal.SIGSTOP)
            ended(end(tier, "sync", after=3), "a sync that waits", OEM, "ended before it was done")
            bundle = next(path for path in sorted(log_folder(tier, OEM).glob("tile/entries/**/*")) if path.is_file())
            content = bytearray(bundle.read_bytes())
            content[len(content) // 2] ^= 1
            bundle.write_bytes(content)
            ended(end(tier, "repair", after=3), "a repair that waits", "nothing of it was changed", "repair again")
            os.kill(oem.node.pid, signal.SIGCONT)
            check(tier.run("repair")["ok"], "the next repair mends it")
            tier.run("sync")
        finally:
            os.kill(oem.node.pid, signal.SIGCONT)
            oem.stop()
        for company in (oem, tier):
            check(company.run("verify")["ok"] and not litter(company), f"{company.origin} is whole")
        digests = {company.run("status", DATASET)["datasets"][0]["digest"] for company in (oem, tier)}
        check(len(digests) == 1, "and both have the same labels")

        scratch = folder / "scratch"
        scratch.mkdir()
        ended(end(oem, "bench", "--labels", "200000", "--scratch", str(scratch), during="labels"), "a benchmark", "ended")
        check(not list(scratch.iterdir()), "nothing of it is left over")
    finish()


if __name__ == "__main__":
    main()
