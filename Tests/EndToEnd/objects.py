#!/usr/bin/env python3
"""The contract of object stores and the probe on a real one of several machines, of which one is killed and comes back.

    objects.py [--races N [--lanes L]]    with N races of 32 writers instead of all else, L of them at once
"""

import argparse
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))

from seaweed import Seaweed  # noqa: E402


def answer(store, folder, ended):
    """Does what the test waits for, in its order."""
    for name, act in (("gone", store.stop_volume), ("back", store.start_volume)):
        while not (folder / name).exists():
            if ended.wait(0.02):
                return
        act(0)
        print(f"ok: volume server 0 is {name}", flush=True)
        (folder / f"{name}.done").touch()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--races", type=int)
    parser.add_argument("--lanes", type=int, default=1)
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    problem = Seaweed.problem()
    if problem:
        print(f"SKIPPED: a real object store: {problem}")
        return
    start = time.monotonic()
    with Seaweed() as store, tempfile.TemporaryDirectory() as folder:
        print(f"ok: SeaweedFS answers after {time.monotonic() - start:.1f} s", flush=True)
        env = dict(os.environ, COUNTERMARK_TEST_OBJECTS=store.url, **store.env)
        suite = "RaceTests" if asked.races else "ObjectStoreContractTests|NamedStoreTests"
        ended = threading.Event()
        if asked.races:
            env.update(COUNTERMARK_TEST_RACES=str(asked.races), COUNTERMARK_TEST_LANES=str(asked.lanes))
        else:
            env.update(COUNTERMARK_TEST_FOLDER=folder, SSL_CERT_FILE=str(store.folder / "ca.pem"))
            threading.Thread(target=answer, args=(store, pathlib.Path(folder), ended), daemon=True).start()
        done = subprocess.run(["swift", "test", "--skip-build", "--filter", suite], cwd=ROOT, env=env)
        ended.set()
    if done.returncode != 0:
        sys.exit("FAILED: the object store, see above")
    print(f"ok: the contract of object stores on SeaweedFS, {time.monotonic() - start:.1f} s")


if __name__ == "__main__":
    main()
