"""A person enrols a key in a browser, signs labels with it, and loses it: against a serving node, through its page's API.

    personkey.py PROGRAM FOLDER
"""

import base64
import json
import pathlib
import re
import shutil
import subprocess
import sys
import time

from playwright.sync_api import sync_playwright

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[1] / "Examples" / "three-companies"))
from company import free_port  # noqa: E402

ORG, DATASET = "oem.example", "oem.example/boards"
ROLES = {"ann": "annotator", "bob": "reviewer"}


def check(holds, what):
    if not holds:
        sys.exit(f"FAILED: {what}")


class Node:
    def __init__(self, program, folder):
        self.program, self.home = str(program), folder / "oem"
        self.log = (folder / "serve.log").open("w+")

    def attempt(self, *words):
        return subprocess.run([self.program, *map(str, words), "--home", str(self.home), "--json"],
                              capture_output=True, text=True, timeout=60)

    def run(self, *words):
        done = self.attempt(*words)
        check(done.returncode == 0, f"{' '.join(map(str, words))}: {done.stderr}")
        return json.loads(done.stdout)

    def serve(self):
        self.port = free_port()
        words = ["serve", "--home", str(self.home), "--ui", f"127.0.0.1:{self.port}"]
        self.process = subprocess.Popen([self.program, *words], stderr=self.log, stdout=self.log)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            found = re.search(r"http://\S+#token=\S+", pathlib.Path(self.log.name).read_text())
            if found:
                return
            time.sleep(0.1)
        check(False, f"no link: {pathlib.Path(self.log.name).read_text()}")

    def link(self, name):
        """The token of a link that signs in once."""
        return self.run("people", "link", name)["url"].split("#token=")[1]

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)


LOAD = """async () => {
  window.sign = await import('/proof/sign.js');
  window.proof = await import('/proof/check.js');
  window.bytes = await import('/proof/bytes.js');
}"""


class Person:
    """A browser of one person, signed in by a link."""

    def __init__(self, browser, node, name):
        self.name, self.node = name, node
        self.page = browser.new_context().new_page()
        token = node.link(name)
        self.page.goto(f"http://127.0.0.1:{node.port}/proof/text.en.json")
        self.session = self.page.evaluate("""(token) => fetch('/api/v1/session', {method: 'POST',
          headers: {'Content-Type': 'application/json'}, body: JSON.stringify({token})}).then((a) => a.json())""", token)
        check(self.session.get("person") == name, f"the session: {self.session}")
        self.page.evaluate(LOAD)
        self.page.expose_function("meanwhile", self.meanwhile)
        self.between = None

    def meanwhile(self):
        if self.between:
            run, self.between = self.between, None
            run()

    @property
    def me(self):
        return {"org": ORG, "person": self.name, "csrf": self.session["csrf"], "dataset": DATASET}

    def enrol(self):
        return self.page.evaluate("(me) => sign.enrol(me)", self.me)

    def state(self):
        return self.page.evaluate("(me) => sign.enrolment(me)", self.me)

    def write(self, *operations, agree=True):
        """What comes of it: the answer, the words that were shown, or the problem's code."""
        return self.page.evaluate("""async ([me, operations, agree]) => {
          let words = null;
          try {
            const answer = await sign.write(me, operations, async (shown) => { words = shown.map((w) => w.text); await meanwhile(); return agree; });
            return {answer, words};
          } catch (e) { return {words, status: e.status, code: e.problem?.code ?? String(e)}; }
        }""", [self.me, list(operations), agree])

    def post(self, path, body, kind):
        return self.page.evaluate("""async ([path, body, kind, csrf]) => {
          const answer = await fetch('/api/v1' + path, {method: 'POST', headers: {'Content-Type': kind, 'X-CSRF-Token': csrf},
            body: kind === 'application/json' ? JSON.stringify(body) : Uint8Array.from(atob(body), (c) => c.charCodeAt(0))});
          return [answer.status, await answer.json()];
        }""", [path, body, kind, self.session["csrf"]])


def enrolled(node, person):
    words = person.enrol()
    check(len(words.split()) == 6, f"six words: {words}")
    check(person.state() == {"state": "waiting", "words": words}, f"it waits: {person.state()}")
    check([w["person"] for w in node.run("people", "keys")["waiting"]] == [person.name], "the operator sees who waits")
    done = node.attempt("people", "approve", person.name, *words.split()[::-1])
    check(done.returncode == 1 and "words-differ" in done.stderr, f"other words: {done.stderr}")
    check(person.state()["state"] == "waiting", "nothing was issued")
    made = node.run("people", "approve", person.name, *words.split())["keys"][0]
    check(person.state()["state"] == "ready" and person.state()["certificate"] == made["fingerprint"], "it is ready")
    return made["fingerprint"]


def signed(node, ann):
    box = {"kind": "box", "x": 10, "y": 20.5, "width": 30, "height": 40}
    done = ann.write({"op": "annotate", "item": "a.png", "class": "short", "selector": box, "fields": {"layer": 2}})
    check(done.get("answer") and done["answer"]["counted"], f"a label: {done}")
    label = done["answer"]["id"]
    check(any("a.png as short: box 10, 20.5, 30, 40" in word for word in done["words"]), f"the words: {done['words']}")
    check(any("introduces" in word for word in done["words"]), "the certificate is introduced")
    before = node.run("history", DATASET)["entries"][0]["index"]
    check(ann.write({"op": "retract", "label": label}, agree=False).get("answer", 0) is None, "who says no signs nothing")
    check(node.run("history", DATASET)["entries"][0]["index"] == before, "and nothing is written")
    # Somebody else writes while the person looks at the words: signed anew, and once.
    ann.between = lambda: node.run("annotate", DATASET, "b.png", "--class", "open", "--author", f"ann@{ORG}")
    done = ann.write({"op": "set", "label": label, "fields": {"class": "spur"}})
    check(done.get("answer"), f"a change beside another write: {done}")
    story = node.run("show", label)
    writes = {write["value"]: write for write in story["fields"]["class"]["writes"]}
    for value in ("short", "spur"):
        check((writes[value]["signedBy"], writes[value]["signer"], writes[value]["counted"]) == ("person", f"ann@{ORG}", True), writes[value])
    other = next(entry for entry in node.run("list", DATASET)["annotations"] if entry["item"] == "b.png")
    named = node.run("show", other["id"])["fields"]["class"]["writes"][0]
    check((named["signedBy"], named["signer"], named["author"]) == ("node", ORG, f"ann@{ORG}"), f"the node names: {named}")
    text = subprocess.run([node.program, "show", label, "--home", str(node.home)], capture_output=True, text=True).stdout
    check(f"signed by ann@{ORG}" in text, text)
    return label


def hostile(node, ann, bob, label):
    """What the page would not send, sent all the same."""
    code = {
        "role": ann.write({"op": "review", "label": label, "verdict": "accept"}),
        "other": ann.write({"op": "set", "label": f"{ORG}:999999.0", "fields": {"class": "x"}}),
    }
    check((code["role"]["status"], code["role"]["code"]) == (403, "role-too-small") or code["role"]["status"] == 403, f"{code['role']}")
    path = f"/datasets/{DATASET}/entries"
    # An entry of ann in bob's session, one twice, one that is cut, and one that is too long.
    entry = ann.page.evaluate("""async (me) => {
      const { certificate } = await sign.enrolment(me);
      const offer = await fetch(`/api/v1/datasets/${me.dataset}/signing?certificate=${certificate}`).then((a) => a.json());
      const pair = await sign.loadKey(me.org, me.person);
      return bytes.base64(await sign.sign(sign.statement(offer, [{op: 'comment', item: 'a.png', text: 'once'}]), pair.privateKey));
    }""", ann.me)
    raw = base64.b64decode(entry)
    size = node.run("history", DATASET)["entries"][0]["index"]
    for who, what, body, kind, wanted in (
            (bob, "another's entry", entry, "application/cose", (403, "other-person")),
            (ann, "another type", entry, "application/octet-stream", (415, None)),
            (ann, "a cut entry", base64.b64encode(raw[:-1]).decode(), "application/cose", (422, "bad-entry")),
            (ann, "a flipped byte", base64.b64encode(raw[:-1] + bytes([raw[-1] ^ 1])).decode(), "application/cose", (422, "bad-entry")),
            (ann, "nothing", "", "application/cose", (422, "bad-entry")),
            (ann, "too much", base64.b64encode(bytes(65536)).decode(), "application/cose", (413, "too-large"))):
        status, problem = who.post(path, body, kind)
        check(status == wanted[0] and wanted[1] in (None, problem["code"]), f"{what}: {status} {problem}")
    check(node.run("history", DATASET)["entries"][0]["index"] == size, "nothing of that is written")
    check(ann.post(path, entry, "application/cose")[0] == 200, "the entry itself is taken")
    status, problem = ann.post(path, entry, "application/cose")
    check((status, problem["code"]) == (409, "sign-anew"), f"the same entry again: {status} {problem}")
    check(ann.post("/people/bob/key", {"words": "a b c d e f"}, "application/json")[0] == 403, "annotators approve nobody")


def proven(node, ann, label, folder):
    """The page checks what the person has signed, from the bytes and the root that the node gives."""
    node.run("prove", label, "-o", folder / "label.proof")
    data = base64.b64encode((folder / "label.proof").read_bytes()).decode()
    found = ann.page.evaluate("""async ([data, dataset]) => {
      const roots = await fetch(`/api/v1/datasets/${dataset}/root`).then((a) => a.text());
      const whole = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
      const { ok, label, steps } = await proof.check(whole, roots);
      whole[whole.length >> 1] ^= 1;
      return { ok, label, steps, flipped: (await proof.check(whole, roots)).ok };
    }""", [data, DATASET])
    check(found["ok"] and not found["flipped"], f"the proof: {found['steps']}")
    check((found["label"]["signedBy"], found["label"]["author"]) == ("person", f"ann@{ORG}"), f"{found['label']}")
    (folder / "root.pem").write_text(node.run("key", "show")["root"])
    said = node.run("verify", "--proof", folder / "label.proof", "--trust", folder / "root.pem")
    check(said["ok"] and said["signer"] == found["label"]["signer"], f"the program says {said}")


def main():
    program, folder = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    node = Node(program, folder)
    node.run("init", "--org", ORG, "--name", "The manufacturer")
    node.run("dataset", "create", "boards", "--title", "Boards")
    for name, role in ROLES.items():
        node.run("people", "add", name, "--role", role)
    node.serve()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            ann, bob = Person(browser, node, "ann"), Person(browser, node, "bob")
            fingerprint = enrolled(node, ann)
            enrolled(node, bob)
            label = signed(node, ann)
            done = bob.write({"op": "review", "label": label, "verdict": "accept", "reason": "seen"})
            check(done.get("answer"), f"a reviewer's verdict: {done}")
            hostile(node, ann, bob, label)
            proven(node, ann, label, folder)
            node.run("key", "revoke", fingerprint, "--stolen")
            check(ann.state()["state"] == "ended", "the browser is told that its certificate was taken back")
            check(ann.write({"op": "retract", "label": label})["code"].startswith("Error"), "it signs no more")
            found = node.run("verify", DATASET)
            check(found["ok"], f"verify: {found}")
            browser.close()
    finally:
        node.stop()
    print("personkey: a key enrolled, used, refused where it has to be, and taken back")


main()
