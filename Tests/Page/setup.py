"""From nothing to a dataset with pictures and labels, in the browser; and the proof of a label, checked there."""

import json
import time
import urllib.parse

from browser import go, shot
from homes import BOARDS
from sources import WEB

COCO = {"images": [{"id": 1, "file_name": "img/0001.png", "width": 640, "height": 440}], "categories": [{"id": 1, "name": "open"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [40, 60, 90, 70], "iscrowd": 0, "area": 6300}]}


def first_run(browser, nodes, check):
    """A dataset, a folder of pictures, a COCO file, and a look at it."""
    node = nodes[0]
    page = browser.page(node)
    started = time.monotonic()
    go(page, node, "/setup", ".steps")
    page.fill("#new-name", "fresh")
    page.fill("#new-title", "Fresh boards")
    page.fill("#new-classes", "open, short, spur")
    page.click(".steps form button.main")
    page.wait_for_selector(".calm:has-text('oem.example/fresh')")
    page.set_input_files(".drop input[webkitdirectory]", str(node.media))
    page.wait_for_selector("li.card >> nth=1 >> .calm")
    labels = node.home.path.parent / "labels.json"
    labels.write_text(json.dumps(COCO))
    page.set_input_files("li.card:nth-child(3) input[type=file]", str(labels))
    page.wait_for_selector("li.card:nth-child(3) .calm")
    check("1 labels added" in page.inner_text("li.card:nth-child(3)"), f"the import says {page.inner_text('li.card:nth-child(3)')}")
    shot(page, "setup-done")
    page.click("li.card:nth-child(4) a")
    page.wait_for_selector(".screen.items .cell .key:not(:empty)")
    page.wait_for_timeout(1500)
    shot(page, "setup-items")
    check(time.monotonic() - started < 300, "the first run takes more than five minutes")
    item = page.evaluate("async () => (await (await fetch('api/v1/datasets/oem.example/fresh/items?q=0001')).json()).items[0]")
    check(item["labels"] == 1 and item["width"] == 640 and item["sha256"], f"the item is {item}")
    go(page, node, "/d/oem.example/fresh/item/img%2F0001.png", "html[data-loaded='img/0001.png']")
    check(page.inner_text(".mediastate") == "", f"of the file it says {page.inner_text('.mediastate')}")
    check(not page.complaints, f"the console says {page.complaints}")
    page.context.close()


def proof(browser, nodes, check):
    """A label's proof holds in the page, and no longer when one byte differs."""
    if not (WEB / "proof/check.js").exists():
        print("   SKIPPED: the page has no module that checks proofs")
        return
    node = nodes[0]
    page = browser.page(node)
    label = node.home.run("list", BOARDS, "--item", "img/0001.png")["annotations"][0]["id"]
    go(page, node, f"/d/{BOARDS}/label/{urllib.parse.quote(label, safe='')}", ".write")
    page.click("button:has-text('Check now')")
    page.wait_for_selector("html[data-proof]")
    check(page.get_attribute("html", "data-proof") == "true", f"the proof does not hold: {page.inner_text('.checks')}")
    page.locator(".checks").scroll_into_view_if_needed()
    shot(page, "proof")
    file = node.home.path.parent / "one.proof"
    node.home.run("prove", label, "-o", str(file), "--dataset", BOARDS)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(bytes(data))
    page.set_input_files("#proof-file", str(file))
    page.wait_for_selector("html[data-proof=false], .problem")
    shot(page, "proof-flipped")
    check(page.get_attribute("html", "data-proof") != "true", "a flipped byte is not noticed")
    check(not page.complaints, f"the console says {page.complaints}")
    page.context.close()


TESTS = [first_run, proof]
