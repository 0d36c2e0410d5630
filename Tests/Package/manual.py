#!/usr/bin/env python3
"""Writes a manual page for each command of the program, from what the program says of itself.

    manual.py --program PROGRAM --date DATE --version VERSION OUT
"""

import argparse
import json
import pathlib
import subprocess

DESCRIPTION = """Several companies label one dataset. Each runs a node with its own append-only signed log; nodes sync
over mutual TLS, merge all logs into one label set that is the same everywhere, and verify all of it from the bytes."""
STATUSES = [
    (0, "done"),
    (1, "the check or the work failed"),
    (2, "wrong use: unknown options, or a name that cannot be one"),
    (3, "another process holds the lock"),
    (4, "the network or a partner refused"),
    (130, "Ctrl-C ended long work"),
]
ENVIRONMENT = [
    ("COUNTERMARK_HOME", "the node's folder, where --home names none"),
    ("COUNTERMARK_PASSPHRASE, COUNTERMARK_PASSPHRASE_FILE", "what opens encrypted keys"),
    ("COUNTERMARK_PIN, COUNTERMARK_PIN_FILE", "the PIN of a security module"),
    ("HTTPS_PROXY, NO_PROXY", "the proxy that dials partners, and for whom there is none"),
]
FILES = [
    ("/var/lib/countermark", "the home of the node that the service runs, of the user countermark alone"),
    ("/etc/default/countermark", "what the service is started with"),
]


def roff(text):
    """A text as one paragraph: nothing in it is a request or an escape."""
    text = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in (".", "'") else text


def commands(command, above=()):
    """Each command with its whole name; those that a page is for."""
    path = (*above, command["commandName"])
    yield path, command
    for below in command.get("subcommands", []):
        if below["commandName"] != "help" and below.get("shouldDisplay", True):
            yield from commands(below, path)


def shown(command, *kinds):
    return [a for a in command["arguments"] if a["kind"] in kinds and a.get("shouldDisplay", True)]


def spelled(argument):
    """The names of an option as they are typed, shortest first."""
    names = sorted(argument.get("names", []), key=lambda name: len(name["name"]))
    typed = [("--" if name["kind"] == "long" else "-") + name["name"] for name in names]
    value = argument.get("valueName", "value").upper() if argument["kind"] == "option" else ""
    return ", ".join(f"\\fB{roff(name)}\\fR" for name in typed) + (f" \\fI{roff(value)}\\fR" if value else "")


def meaning(argument):
    words = [argument.get("abstract", "")]
    if argument.get("allValues"):
        words.append("One of: " + ", ".join(argument["allValues"]) + ".")
    if argument.get("defaultValue") and argument["kind"] != "flag":
        words.append(f"Default: {argument['defaultValue']}.")
    if argument["isRepeating"] and "repeated" not in words[0]:
        words.append("May be repeated.")
    return " ".join(word for word in words if word)


def synopsis(path, command):
    parts = [f"\\fB{roff(' '.join(path))}\\fR"]
    if command.get("subcommands"):
        parts.append("\\fICOMMAND\\fR")
    parts.append("[\\fIOPTION\\fR]...")
    for argument in shown(command, "positional"):
        name = f"\\fI{roff(argument['valueName'].upper())}\\fR"
        name += "..." if argument["isRepeating"] else ""
        parts.append(f"[{name}]" if argument["isOptional"] else name)
    return " ".join(parts)


def listed(title, rows):
    out = [f".SH {title}"]
    for name, text in rows:
        out += [".TP", name, roff(text) or "\\&"]
    return out


def page(path, command, date, version):
    name = "-".join(path)
    out = [f'.TH "{roff(name.upper())}" 1 "{date}" "countermark {version}" "Countermark"',
           ".nh", ".ad l", ".SH NAME", f"{roff(name)} \\- {roff(command.get('abstract', '').rstrip('.'))}",
           ".SH SYNOPSIS", synopsis(path, command), ".SH DESCRIPTION",
           roff(DESCRIPTION if len(path) == 1 else command.get("abstract", ""))]
    for paragraph in command.get("discussion", "").split("\n\n"):
        if paragraph.strip():
            out += [".PP", roff(paragraph)]
    below = [c for c in commands(command) if len(c[0]) == 2]
    if below:
        rows = [(f"\\fB{roff(p[-1])}\\fR", c.get("abstract", "")) for p, c in below]
        out += listed("COMMANDS", rows)
    for title, kinds in [("ARGUMENTS", ["positional"]), ("OPTIONS", ["option", "flag"])]:
        rows = [(f"\\fI{roff(a['valueName'].upper())}\\fR" if title == "ARGUMENTS" else spelled(a), meaning(a))
                for a in shown(command, *kinds)]
        if rows:
            out += listed(title, rows)
    if len(path) == 1 or path[1] == "serve":
        out += listed("ENVIRONMENT", [(f"\\fB{roff(name)}\\fR", text) for name, text in ENVIRONMENT])
        out += listed("FILES", [(f"\\fI{roff(name)}\\fR", text) for name, text in FILES])
    if len(path) == 1:
        out += listed("EXIT STATUS", [(str(status), text) for status, text in STATUSES])
    above = ["-".join(path[:-1])] if len(path) > 1 else []
    others = sorted({*above, *("-".join((*path[:-1], *p)) for p, _ in below)} - {name})
    if others:
        out += [".SH SEE ALSO", " ,\n".join(f".BR {roff(other)} (1)" for other in others)]
    return "\n".join(out) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ["--program", "--date", "--version", "out"]:
        parser.add_argument(name, **({"required": True} if name[0] == "-" else {"type": pathlib.Path}))
    options = parser.parse_args()
    said = subprocess.run([options.program, "--experimental-dump-help"], check=True, capture_output=True, text=True)
    options.out.mkdir(parents=True, exist_ok=True)
    for path, command in commands(json.loads(said.stdout)["command"]):
        text = page(path, command, options.date, options.version)
        (options.out / f"{'-'.join(path)}.1").write_text(text)


if __name__ == "__main__":
    main()
