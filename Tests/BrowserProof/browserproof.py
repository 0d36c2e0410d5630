"""The page's own cryptography in a browser, against the program and against other people's vectors.

    browserproof.py PROGRAM PROOFS [--flips N]

PROOFS is the folder that Tests/Independent/labelproof.sh leaves. N damaged proofs are tried, 900 if it is not said; with 0
every byte of two proofs. What the program says of the same files is asked for a part of them.
"""

import argparse
import base64
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

from playwright.sync_api import sync_playwright

from pagefiles import serve

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
VECTORS = PROJECT.parent / "shared" / "vectors"
FIELDS = ["complete", "completeBy", "org", "signer", "class", "time", "log", "index", "witnesses", "item", "sizes"]

LOAD = """async () => {
  window.proof = await import('/proof/check.js');
  window.sign = await import('/proof/sign.js');
  window.cbor = await import('/proof/cbor.js');
  window.notes = await import('/proof/notes.js');
  window.keys = await import('/proof/keys.js');
  window.words = await import('/proof/words.js');
  window.bytes = await import('/proof/bytes.js');
  window.fromBase64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  window.ask = async (data, trust) => {
    const { ok, steps, label } = await proof.check(fromBase64(data), trust);
    return { ok, label, failed: steps.filter((s) => s.ok === false), steps };
  };
  // Damages one file again and again: [place, mask], or [from, null] to cut it there; answers what was taken.
  window.damage = async (data, trust, list) => {
    const whole = fromBase64(data);
    const taken = [];
    for (const [place, mask] of list) {
      let other = whole.slice();
      if (mask === null) other = other.slice(0, place);
      else other[place] ^= mask;
      if ((await proof.check(other, trust)).ok) taken.push([place, mask]);
    }
    return taken;
  };
}"""


def check(holds, what):
    if not holds:
        sys.exit(f"FAILED: {what}")


def encode(data):
    return base64.b64encode(data).decode()


class Program:
    def __init__(self, program, root):
        self.program, self.root = program, root

    def says(self, data):
        with tempfile.NamedTemporaryFile(suffix=".proof") as file:
            file.write(data)
            file.flush()
            done = subprocess.run([self.program, "verify", "--proof", file.name, "--trust", str(self.root), "--json"],
                                  capture_output=True, text=True, timeout=60)
        check(done.returncode in (0, 1), f"verify ends with {done.returncode}: {done.stderr}")
        return json.loads(done.stdout) if done.returncode == 0 else None


def proofs(page, program, folder, root):
    """All proofs are said alike by both, field by field."""
    files = sorted(folder.glob("*.proof"))
    files = [file for file in files if file.read_bytes()[0] in (0x85, 0x86)]
    check(len(files) >= 6, f"too few proofs in {folder}")
    for file in files:
        data = file.read_bytes()
        ours, found = program.says(data), page.evaluate("([d, t]) => ask(d, t)", [encode(data), root])
        check(found["ok"] == (ours is not None), f"{file.name}: {found['failed']}")
        if ours is None:
            continue
        label = found["label"]
        for field in FIELDS:
            check(label[field] == ours[field], f"{file.name}: {field}: {label[field]}, {ours[field]}")
        check(sorted(label["fields"]["class"]) == sorted(ours["fields"]["class"]), f"{file.name}: classes")
        if ours.get("release"):
            check(label["release"]["in"] == ours["release"]["in"] and label["release"]["digest"] == ours["release"]["digest"],
                  f"{file.name}: {label['release']}")
        other = page.evaluate("([d, t]) => ask(d, t)", [encode(data), (folder / "tier.example.pem").read_text()])
        check(not other["ok"], f"{file.name} holds under another root")
        none = page.evaluate("([d]) => ask(d)", [encode(data)])
        check(not none["ok"] and none["failed"][0]["name"] == "certificates", f"{file.name} holds under no root")
    return files


def damaged(page, program, files, root, count):
    """A flipped byte anywhere, a cut anywhere: noticed by the page, and, where it is asked, by the program."""
    draw = random.Random(11)
    tried = 0
    chosen = [file for file in files if file.name in ("changed.proof", "released.proof")]
    check(len(chosen) == 2, "changed.proof or released.proof is not there")
    for file in chosen:
        data = file.read_bytes()
        if count == 0:
            wanted = [(place, 1 << (place % 8)) for place in range(len(data))]
        else:
            places = draw.sample(range(len(data)), min(len(data), count // len(chosen)))
            wanted = [(place, draw.randrange(1, 256)) for place in places]
        wanted += [(draw.randrange(len(data)), None) for _ in range(20)]
        for start in range(0, len(wanted), 200):
            part = wanted[start:start + 200]
            taken = page.evaluate("([d, t, l]) => damage(d, t, l)", [encode(data), root, part])
            check(not taken, f"{file.name}: taken with {taken}")
        tried += len(wanted)
        for place, mask in wanted[::max(1, len(wanted) // 25)]:
            other = data[:place] if mask is None else data[:place] + bytes([data[place] ^ mask]) + data[place + 1:]
            check(program.says(other) is None, f"{file.name}: the program takes it with {place} changed by {mask}")
    return tried


def pieces(page, program, file, root):
    """Each piece left out, and statements taken away or moved: both say the same."""
    whole = page.evaluate("""(d) => cbor.decode(fromBase64(d)).slice(3, 5).map((list) => list.length)""", encode(file.read_bytes()))
    same = refused = 0
    change = """([d, what, at]) => {
      const value = cbor.decode(fromBase64(d));
      if (what === 'piece') value[3].splice(at, 1);
      if (what === 'statement') value[4].splice(at, 1);
      if (what === 'statements') value[4] = [];
      if (what === 'reversed') value[4].reverse();
      if (what === 'swapped') [value[3][at], value[3][at + 1]] = [value[3][at + 1], value[3][at]];
      if (what === 'twice') value[3].splice(at, 0, value[3][at]);
      return bytes.base64(cbor.encode(value));
    }"""
    cases = [("piece", at) for at in range(whole[0])] + [("swapped", at) for at in range(whole[0] - 1)]
    cases += [("twice", 0), ("statements", 0), ("reversed", 0)] + [("statement", at) for at in range(whole[1])]
    for what, at in cases:
        data = page.evaluate(change, [encode(file.read_bytes()), what, at])
        ours = program.says(base64.b64decode(data))
        found = page.evaluate("([d, t]) => ask(d, t)", [data, root])
        check(found["ok"] == (ours is not None), f"{what} {at}: {found['failed']}, and the program: {ours is not None}")
        if ours is None:
            refused += 1
            continue
        same += 1
        for field in FIELDS:
            check(found["label"][field] == ours[field], f"{what} {at}: {field}: {found['label'][field]}, {ours[field]}")
    check(refused >= 4 and same >= 2, f"{refused} refused, {same} said alike")
    return len(cases)


def changesets(page):
    """Payloads, what is signed and whole entries are the program's, byte for byte; the words are of what is signed."""
    cases = json.loads((HERE / "changesets.json").read_text())
    seed = bytes(range(32)).hex()
    made = page.evaluate("""async ([cases, seed]) => {
      const der = bytes.unhex('302e020100300506032b657004220420' + seed);
      const key = await crypto.subtle.importKey('pkcs8', der, 'Ed25519', false, ['sign']);
      const all = [];
      for (const one of cases) {
        const made = sign.statement(one.offer, one.operations, one.message);
        const entry = await sign.sign(made, key);
        all.push([bytes.hex(made.payload), bytes.hex(entry), made.words]);
      }
      return all;
    }""", [cases, seed])
    for one, (payload, entry, words) in zip(cases, made, strict=True):
        check(payload in one["entry"], f"{one['name']}: another payload: {payload}")
        check(entry == one["entry"], f"{one['name']}: another entry")
        texts = [word["text"] for word in words]
        check(len(texts) >= len(one["operations"]) + 1 and all(word["key"].startswith("sign.") for word in words), texts)
    refused = page.evaluate("""(offer) => [
      [{op: 'annotate', item: '', class: 'c'}], [{op: 'annotate', item: 'a', class: 'c\\u0001'}], [{op: 'invent'}],
      [{op: 'set', label: 'oem.example:3', fields: {class: 'x'}}], [{op: 'set', label: 'oem.example:3.0', fields: {}}],
      [{op: 'annotate', item: 'a', class: 'c', confidence: 1.5}], [{op: 'review', label: 'oem.example:3.0', verdict: 'maybe'}],
      [{op: 'annotate', item: 'a', class: 'c', selector: {kind: 'box', x: 1, y: 1, width: -1, height: 2}}],
      [{op: 'annotate', item: 'a', class: 'c', selector: {kind: 'box', x: NaN, y: 1, width: 1, height: 2}}],
      [{op: 'comment', item: 'a', text: 'x'.repeat(20000)}], [{op: 'annotate', item: '\\ud800', class: 'c'}], [],
      Array.from({length: 4097}, () => ({op: 'comment', item: 'a', text: 'b'})),
      Array.from({length: 10}, () => ({op: 'comment', item: 'a', text: 'x'.repeat(16000)})),
    ].map((operations) => { try { sign.statement(offer, operations); return 'taken'; }
                            catch (e) { return e instanceof bytes.Refused ? 'refused' : String(e); } })""", cases[0]["offer"])
    check(set(refused) == {"refused"}, f"what no log may hold: {refused}")
    return len(cases)


def keys(page):
    """A key is made in the browser, is there after a reload, and cannot be taken out."""
    found = page.evaluate("""async () => {
      const made = await sign.makeKey('oem.example', 'ann');
      const pair = await sign.loadKey('oem.example', 'ann');
      const out = await crypto.subtle.exportKey('pkcs8', pair.privateKey).then(() => 'out', () => 'refused');
      const none = await sign.loadKey('oem.example', 'bob');
      return [bytes.hex(made), bytes.hex(await sign.publicKey(pair)), pair.privateKey.extractable, out, none,
              await words.words(made, 'ann', 'oem.example'), await words.words(made, 'bob', 'oem.example')];
    }""")
    check(found[0] == found[1] and found[2:5] == [False, "refused", None], f"the key: {found}")
    check(len(found[5].split()) == 6 and found[5] != found[6], f"the words: {found[5:]}")
    page.reload()
    page.evaluate(LOAD)
    again = page.evaluate("async () => bytes.hex(await sign.publicKey(await sign.loadKey('oem.example', 'ann')))")
    check(again == found[0], "the key is another one after a reload")
    gone = page.evaluate("async () => { await sign.forgetKey('oem.example', 'ann'); return sign.loadKey('oem.example', 'ann'); }")
    check(gone is None, "a forgotten key is there")
    # The same words as the program's, which has its own test of them.
    known = page.evaluate("() => words.words(new Uint8Array(32).fill(7), 'ann', 'oem.example')")
    check(known == (HERE / "words.txt").read_text().strip(), f"the words of a known key: {known}")


def vectors(page):
    """Other people's vectors; those that are not beside the project are named."""
    def read(name):
        path = VECTORS / name
        if not path.exists():
            print(f"SKIPPED: {name}, which is not beside the project")
            return None
        return json.loads(path.read_text())

    decode = """(list) => list.map((h) => { try { return bytes.hex(cbor.encode(cbor.decode(bytes.unhex(h)))) === h ? 'taken' : 'changed'; }
                              catch (e) { return e instanceof bytes.Refused ? 'refused' : String(e); } })"""

    def hexes(cases):
        return ["".join(h * n for h, n in c["hexRepeat"]) if "hexRepeat" in c else c["hex"].replace(" ", "") for c in cases]

    for name in ("cbor/deterministic.json", "cbor/malformed.json", "cbor/well-formed.json", "cbor/appendix_a.json"):
        cases = read(name)
        if cases is None:
            continue
        found = page.evaluate(decode, hexes(cases))
        for case, verdict in zip(cases, found, strict=True):
            what = f"{name}: {case.get('description', case.get('id'))}: {verdict}"
            check(verdict in ("taken", "refused"), what)
            if name.endswith("malformed.json") or case.get("deterministic") is False:
                check(verdict == "refused", what)
            # Values that no file of the project holds (undefined, other simple ones) are refused.
            elif name.endswith("deterministic.json") and case["deterministic"] and verdict == "refused":
                first = hexes([case])[0]
                check(re.search(r"^(f[0-37]|f8|e)", first) or len(first) > 100, what)
        yield (f"{len(cases)} of {name}")
    cases = read("merkle-proofs/inclusion.json")
    if cases is not None:
        cases = [c for c in cases if c["treeSize"] < 1 << 53 and c["leafIdx"] < 1 << 53]
        found = page.evaluate("""(list) => Promise.all(list.map((c) => notes.included(c.leafIdx, c.treeSize, fromBase64(c.leafHash ?? ''),
          (c.proof ?? []).map((h) => fromBase64(h ?? '')), fromBase64(c.root ?? '')).then(() => true, () => false)))""", cases)
        for case, holds in zip(cases, found, strict=True):
            check(holds != case["wantErr"], f"inclusion: {case['id']}: {holds}")
        yield (f"{len(cases)} inclusion proofs")
    cases = read("tlog-proofs/proofs.json")
    if cases is not None:
        found = page.evaluate("""(list) => Promise.all(list.map(async (c) => {
          try {
            const proof = notes.tlogProof(fromBase64(c.proof));
            const [name, id, key] = c.vkey.split('+').length === 3 ? c.vkey.split('+') : [c.vkey.split('+')[0], c.vkey.split('+')[1], c.vkey.split('+').slice(2).join('+')];
            await notes.signedByLog(proof, name, fromBase64(key).subarray(1));
            await notes.included(proof.index, proof.size, await notes.leafHash(fromBase64(c.entry)), proof.path, proof.root);
            return 'valid';
          } catch (e) { return e instanceof bytes.Refused ? e.message : `threw ${e}`; }
        }))""", cases)
        for case, verdict in zip(cases, found, strict=True):
            check(not verdict.startswith("threw"), f"tlog-proof: {case['id']}: {verdict}")
            # Witnesses are the file's own affair here, data beside the proof is refused, and sizes end at 2^53.
            if case["expect"] == "invalid" and not case["witnesses"] and not case["quorum"]:
                check(verdict != "valid", f"tlog-proof: {case['id']} ({case['description']}) is taken")
            if case["expect"] == "valid" and verdict != "valid":
                check(re.search("extra|large|2\\^|unknown|another key|other signature", case["description"]) or "tlog-proof" in verdict,
                      f"tlog-proof: {case['id']} ({case['description']}): {verdict}")
        yield (f"{len(cases)} tlog-proofs")
    for name, size in (("ed25519_test.json", None), ("ecdsa_secp256r1_sha256_p1363_test.json", -7), ("ecdsa_secp384r1_sha384_p1363_test.json", -35)):
        suite = read(f"wycheproof/{name}")
        if suite is None:
            continue
        list_ = [[g.get("publicKeyDer") or g["keyDer"], t["msg"], t["sig"], t["result"], t["tcId"]] for g in suite["testGroups"] for t in g["tests"]]
        found = page.evaluate("""([list, alg]) => Promise.all(list.map(([key, msg, sig]) =>
          keys.coseHolds(bytes.unhex(key), alg, bytes.unhex(sig), bytes.unhex(msg)).catch(() => false)))""", [list_, size or -8])
        for (_, _, _, result, number), holds in zip(list_, found, strict=True):
            check(result == "acceptable" or holds == (result == "valid"), f"{name} {number}: {holds}, {result}")
        yield (f"{len(list_)} of {name}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("proofs", type=pathlib.Path)
    parser.add_argument("--flips", type=int, default=900)
    given = parser.parse_args()
    root_file = given.proofs / "oem.example.pem"
    program, root = Program(given.program, root_file), root_file.read_text()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        complaints = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(serve() + "/blank")
        page.evaluate(LOAD)
        begun = time.monotonic()

        def lap(what):
            print(f"{time.monotonic() - begun:5.1f} s  {what}", flush=True)

        lap(f"{changesets(page)} changesets are the program's, byte for byte")
        keys(page)
        lap("a key lives in the browser and does not leave it")
        files = proofs(page, program, given.proofs, root)
        lap(f"{len(files)} proofs are said alike by the page and the program")
        asked = next(file for file in files if file.name == "asked.proof")
        lap(f"{pieces(page, program, asked, root)} changed proofs are said alike")
        for what in vectors(page):
            lap(what)
        lap(f"{damaged(page, program, files, root, given.flips)} damaged proofs are refused")
        check(not complaints, f"the browser complains: {complaints}")
        browser.close()


main()
