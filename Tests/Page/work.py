"""What an annotator does all day: drawing without a pointer, masks, tracks, relations, every kind of item; and the past."""

import json
import time
import urllib.parse

from browser import go, shot
from homes import BOARDS, PARTS
from item import drag, labels, open_item, spot, wait_written
from screens import label_of


def new_of(found, before):
    return next(each for id, each in found.items() if id not in before)


def drawn(page, node, key, dataset, keys, check, kind, what):
    """Presses keys, waits for one new label, and returns it."""
    before = labels(node, key, dataset)
    for each in keys:
        page.keyboard.press(each)
        page.wait_for_timeout(60)
    found = wait_written(page, node, key, lambda now: len(now) > len(before), dataset)
    fresh = [each for id, each in found.items() if id not in before]
    check(len(fresh) == 1 and fresh[0]["selector"]["kind"] == kind, f"{what}: {[each['selector'] for each in fresh]}")
    return fresh[0]


def without_pointer(browser, nodes, check):
    """A box made, moved, measured and described by keys alone; a mask by the brush."""
    node, key = nodes[0], "img/0015.png"
    page = browser.page(node)
    open_item(page, node, key)
    box = drawn(page, node, key, BOARDS, ("b", "Enter"), check, "box", "B and Enter make no box")
    page.wait_for_selector(".labelrow.selected")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    moved = wait_written(page, node, key, lambda now: now[box["id"]]["selector"]["x"] == box["selector"]["x"] + 2)[box["id"]]
    check(moved["selector"]["x"] == box["selector"]["x"] + 2, f"two arrows moved it from {box['selector']} to {moved['selector']}")
    page.wait_for_timeout(200)
    # The next label is moved before the keys have rested: the first one's move is written all the same.
    before = labels(node, key)
    for each in ("ArrowRight", "]", "ArrowRight"):
        page.keyboard.press(each)
    def shifted(now):
        return [id for id in before if now[id]["selector"].get("x") == before[id]["selector"].get("x", 0) + 1]
    now = wait_written(page, node, key, lambda now: len(shifted(now)) == 2)
    check(len(shifted(now)) == 2, f"of two labels that were moved at once {len(shifted(now))} are written")
    for _ in range(2):
        page.keyboard.press("u")
        page.wait_for_timeout(300)
    page.keyboard.press("[")
    page.keyboard.press("e")
    page.wait_for_selector("dialog #edit-class")
    page.fill("#edit-place-2", "77.5")
    page.fill("#edit-new-name", "seen by")
    page.fill("#edit-new-value", "microscope")
    shot(page, "edit")
    page.keyboard.press("Enter")
    now = wait_written(page, node, key, lambda found: found[box["id"]]["fields"].get("seen by"))[box["id"]]
    check(now["selector"]["width"] == 77.5 and now["fields"]["seen by"] == "microscope", f"the form wrote {now['selector']} and {now['fields']}")
    page.keyboard.press("u")
    check("seen by" not in wait_written(page, node, key, lambda found: not found[box["id"]]["fields"].get("seen by"))[box["id"]]["fields"], "U does not take the form back")
    page.keyboard.press("Escape")
    before = labels(node, key)
    page.keyboard.press("m")
    drag(page, spot(page, 200, 200), spot(page, 260, 230))
    page.keyboard.press("Enter")
    found = wait_written(page, node, key, lambda found: len(found) > len(before))
    mask = new_of(found, before)["selector"]
    ones = sum(mask["counts"][1::2]) if mask["kind"] == "mask" else 0
    check(mask["kind"] == "mask" and (mask["width"], mask["height"]) == (640, 440) and 200 < ones < 6000, f"the brush made {mask['kind']} of {ones} pixels")
    page.wait_for_timeout(200)
    shot(page, "mask")
    check(not page.complaints, f"the console says {page.complaints}")
    page.context.close()


def tracks(browser, nodes, check):
    """A box that is drawn on a recording is a track; dragged later it has another keyframe; O ends it."""
    node, key = nodes[0], "run/camera.mp4"
    page = browser.page(node)
    open_item(page, node, key)
    page.wait_for_selector("#frame")
    track = drawn(page, node, key, BOARDS, ("b", "Enter"), check, "track", "a box on a recording is no track")
    page.wait_for_selector(".labelrow.selected")
    page.evaluate("() => { const s = document.getElementById('frame'); s.value = 20; s.dispatchEvent(new Event('input')); }")
    page.keyboard.press("ArrowDown")
    found = wait_written(page, node, key, lambda now: len(now[track["id"]]["selector"]["keyframes"]) == 2)[track["id"]]["selector"]["keyframes"]
    check([each["time"] for each in found] == [0, 20], f"the keyframes are {found}")
    page.wait_for_timeout(200)
    page.keyboard.press(".")
    page.keyboard.press("o")
    found = wait_written(page, node, key, lambda now: len(now[track["id"]]["selector"]["keyframes"]) == 3)[track["id"]]["selector"]["keyframes"]
    check(found[-1]["time"] == 21 and found[-1].get("outside") is True, f"O wrote {found[-1]}")
    check(not page.complaints, f"the console says {page.complaints}")
    page.context.close()


def relations(browser, nodes, check):
    """From a label to one of another item of the group: both items show it, with a way to its other end."""
    node = nodes[0]
    page = browser.page(node)
    open_item(page, node, "img/0016.png")
    page.wait_for_selector(".strip .member")
    page.keyboard.press("]")
    page.wait_for_selector(".labelrow.selected")
    page.keyboard.press("w")
    page.wait_for_selector(".notice:has-text('relation begins')")
    page.click(".strip .member[title='img/0017.png']")
    page.wait_for_selector("html[data-loaded='img/0017.png']")
    page.keyboard.press("]")
    page.wait_for_selector(".labelrow.selected")
    page.keyboard.press("w")
    page.wait_for_selector("dialog #ask-field")
    page.keyboard.type("caused by")
    page.keyboard.press("Enter")
    found = wait_written(page, node, "img/0017.png", lambda now: any(each["selector"]["kind"] == "relation" for each in now.values()))
    made = next((each for each in found.values() if each["selector"]["kind"] == "relation"), None)
    check(made and made["selector"]["relation"] == "caused by" and "annotation" in made["selector"]["from"][0] and "annotation" in made["selector"]["to"][0], f"the relation is {made and made['selector']}")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.wait_for_selector(".relations:has-text('caused by')")
    shot(page, "relation")
    open_item(page, node, "img/0016.png")
    page.wait_for_selector(".relations:has-text('caused by')")
    check(page.locator(".relations a[href*='label']").count() == 1, "the first item shows no way to the other end")
    check(not page.complaints, f"the console says {page.complaints}")
    page.context.close()


def undragged(page, node, key, check):
    """What is drawn of an atom is no shape of the label: a drag writes nothing."""
    before = labels(node, key, PARTS)
    # Where the oxygen of ethanol stands on its sheet.
    x, y = spot(page, 1090, 90, 1180, 799)
    page.mouse.click(x, y)
    page.wait_for_selector(".labelrow.selected:has-text('hydroxyl')")
    drag(page, (x, y), (x + 60, y + 40))
    page.wait_for_timeout(500)
    after = labels(node, key, PARTS)
    check({id: each["selector"] for id, each in after.items()} == {id: each["selector"] for id, each in before.items()}, "a drag on an atom has changed a label")


def every_kind(browser, nodes, check):
    """Each kind of item gets labels by keys: intervals, change points, cells, atoms, cuboids, spans, preferences."""
    node = nodes[0]
    page = browser.page(node)
    keys = {each["key"].split("/")[-1]: each["key"] for each in page.evaluate("async () => (await (await fetch('api/v1/datasets/oem.example/parts/items?limit=100')).json()).items")}
    ways = [("pump.csv", ("n", "Enter"), "interval"), ("talk.wav", ("n", "Enter"), "interval"), ("ethanol", ("n", ".", "Space", "Enter"), "graph"),
            ("000.pcd", ("n", "Enter"), "cuboid"), ("orders.csv", ("n", "Enter", "Enter"), "cells")]
    for name, presses, kind in ways:
        key = keys[name]
        go(page, node, f"/d/{PARTS}/item/{urllib.parse.quote(key, safe='')}", f"html[data-loaded='{key}']")
        page.wait_for_selector(".tools button")
        label = drawn(page, node, key, PARTS, presses, check, kind, f"{presses} on {name}")
        check(label and label["class"], f"{name} got no class")
        if kind == "graph":
            undragged(page, node, key, check)
        if kind == "cuboid":
            page.wait_for_selector("html[data-beside='2']")
            page.wait_for_timeout(400)
            shot(page, "cloud-beside")
            page.keyboard.press("ArrowUp")
            moved = wait_written(page, node, key, lambda now: now[label["id"]]["selector"]["center"] != label["selector"]["center"], PARTS)
            check(moved[label["id"]]["selector"]["center"] != label["selector"]["center"], "an arrow does not move the cuboid")
    key = keys["1"]
    go(page, node, f"/d/{PARTS}/item/{urllib.parse.quote(key, safe='')}", f"html[data-loaded='{key}']")
    before = labels(node, key, PARTS)
    page.click(".tools button:has-text('Span')")
    page.wait_for_selector("dialog #ask-field")
    page.keyboard.type("flanges")
    page.keyboard.press("Enter")
    found = wait_written(page, node, key, lambda now: len(now) > len(before), PARTS)
    span = new_of(found, before)["selector"]
    check(span.get("quote") == "flanges" and span["start"] == 19, f"the span is {span}")
    key = keys["q1"]
    go(page, node, f"/d/{PARTS}/item/{urllib.parse.quote(key, safe='')}", ".pair .answer")
    before = labels(node, key, PARTS)
    page.click(".answer:has-text('Unplug') button.main")
    found = wait_written(page, node, key, lambda now: len(now) > len(before), PARTS)
    check(new_of(found, before)["selector"]["groups"][0] == ["Unplug it."], f"the preference is {new_of(found, before)['selector']}")
    check(not page.complaints, f"the console says {page.complaints}")
    page.context.close()


def filters(browser, nodes, check):
    """Each filter of the grid leaves the items that the commands name."""
    node = nodes[0]
    node.home.run("stage", "set", BOARDS, "img/0003.png", "--stage", "quality", "--state", "accepted")
    page = browser.page(node)
    go(page, node, f"/d/{BOARDS}/items", "html[data-items]")
    all_labels = [each for each in node.home.run("list", BOARDS, "--limit", "2000")["annotations"]]
    of = lambda holds: len({each["item"] for each in all_labels if holds(each)})
    every = int(page.get_attribute("html", "data-items"))
    conflicts = len({each["item"] for each in node.home.run("conflicts", BOARDS)["conflicts"]})
    for name, value, wanted in (("class", "mousebite", of(lambda each: each["class"] == "mousebite")), ("org", "tier1.example", of(lambda each: each["org"] == "tier1.example")),
                                ("stage", "quality:accepted", 1), ("unexamined", "oem.example", None)):
        page.select_option(f"#filter-{name}", value)
        page.wait_for_function("(every) => document.documentElement.dataset.items !== every", arg=str(every))
        found = int(page.get_attribute("html", "data-items"))
        check(found == wanted if wanted is not None else 0 < found < every, f"{name}={value} leaves {found} of {every}, not {wanted}")
        page.select_option(f"#filter-{name}", "")
        page.wait_for_selector(f"html[data-items='{every}']")
    page.fill("#filter-group", "00")
    page.wait_for_function("(every) => document.documentElement.dataset.items !== every", arg=str(every))
    check(int(page.get_attribute("html", "data-items")) >= 24, "the group's items are not found")
    page.fill("#filter-group", "")
    page.wait_for_selector(f"html[data-items='{every}']")
    page.keyboard.press("Escape")
    page.evaluate("() => document.activeElement.blur()")
    page.keyboard.press("c")
    page.wait_for_selector(f"html[data-items='{conflicts}']")
    check(not page.complaints, f"the console says {page.complaints}")
    page.context.close()


def past(browser, nodes, check):
    """The slider shows each state that the labels have had, in the order in which the logs made them."""
    node, key = nodes[0], "img/0018.png"
    run = node.home.run
    states = [labels(node, key)]
    made = run("annotate", BOARDS, key, "--class", "open", "--box", "5,6,70,80")["id"]
    states.append(labels(node, key))
    for words in (("set", made, "class=spur"), ("set", made, "selector=" + json.dumps({"kind": "box", "x": 9, "y": 6, "width": 70, "height": 80})), ("retract", made), ("restore", made)):
        run(*words, "--dataset", BOARDS)
        states.append(labels(node, key))
    page = browser.page(node)
    open_item(page, node, key)
    found = page.evaluate("async (key) => (await fetch('api/v1/datasets/oem.example/boards/past?key=' + encodeURIComponent(key))).json()", key)
    shown = ("class", "selector", "status", "contested")
    at = lambda moment: {each["id"]: {name: state[name] for name in shown} for each in found["labels"] for state in [next((s for s in reversed(each["states"]) if s["from"] <= moment), None)] if state}
    last = len(found["moments"]) - 1
    for back, state in enumerate(reversed(states)):
        wanted = {id: {name: each[name] for name in shown} for id, each in state.items()}
        check(at(last - back) == wanted, f"{back} entries ago the labels were {wanted}, and the past says {at(last - back)}")
    own = run("history", BOARDS)["entries"][0]
    check(found["moments"][-1]["org"] == own["log"].split("/")[0] and found["moments"][-1]["index"] == own["index"], f"the last moment is {found['moments'][-1]}")
    # Where companies disagree the last moment is what is shown now, and the first is what was shown before anybody did.
    for other in ("img/0000.png", "img/0001.png", "img/0023.png"):
        told = page.evaluate("async (key) => (await fetch('api/v1/datasets/oem.example/boards/past?key=' + encodeURIComponent(key))).json()", other)
        now = labels(node, other)
        for each in told["labels"]:
            wanted = {name: now[each["id"]][name] for name in shown}
            check({name: each["states"][-1][name] for name in shown} == wanted, f"{other}: {each['id']} is {wanted}, and its past ends with {each['states'][-1]}")
            check(not each["states"][0]["contested"], f"{other}: {each['id']} was in conflict from its first moment on")
        check(len(told["labels"]) == len(now), f"{other} has {len(now)} labels, and its past {len(told['labels'])}")
    page.keyboard.press("t")
    page.wait_for_function(f"() => Number(document.querySelector('#past')?.max) === {last}")
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    page.wait_for_selector(f"html[data-moment='{last - 4}']")
    page.wait_for_selector(".labelrow:has-text('open')")
    shot(page, "item-past-heads")
    check("oem.example" in page.inner_text(".past output"), "the slider does not say with how much of which log")
    check(not page.complaints, f"the console says {page.complaints}")
    page.context.close()


def judged(browser, nodes, check):
    """A cell of the confusion matrix leads to its items; an invitation that is dropped shows its six words."""
    node = nodes[0]
    page = browser.page(node)
    go(page, node, f"/d/{BOARDS}/quality", ".matrix td button")
    page.click(".matrix td button >> nth=0")
    page.wait_for_selector("dialog li a")
    page.click("dialog li a >> nth=0")
    page.wait_for_selector(".screen.item .labelrow")
    file = node.home.path.parent / "invitation.txt"
    nodes[1].home.run("dataset", "create", "joint", "--title", "A dataset of two")
    nodes[1].home.run("invite", "joint", "--role", "reviewer", "--url", f"https://127.0.0.1:{nodes[1].peer}", "-o", str(file))
    go(page, node, "/partners", ".screen.partners .drop")
    handle = page.evaluate_handle("(text) => { const t = new DataTransfer(); t.items.add(new File([text], 'invitation.txt', { type: 'text/plain' })); return t; }", file.read_text())
    page.dispatch_event(".screen.partners .drop", "drop", {"dataTransfer": handle})
    page.wait_for_selector(".words li >> nth=5")
    check(page.locator(".screen.partners section .words li").count() >= 6, "there are no six words")
    shot(page, "invitation")
    check(not page.complaints, f"the console says {page.complaints}")
    page.context.close()


def own_key(browser, nodes, check):
    """A reviewer makes a key in the page, the operator approves it, and a side that is taken is signed by the person."""
    node = nodes[0]
    person = "rita"
    node.home.run("people", "add", person, "--role", "reviewer")
    page = browser.page()
    page.goto(node.home.run("people", "link", person)["url"])
    page.wait_for_selector(".screen.home h1")
    go(page, node, "/me", "button:has-text('Make a key')")
    page.click("button:has-text('Make a key')")
    words = page.wait_for_selector("#key-words").inner_text()
    node.home.run("people", "approve", person, *words.split())
    label = label_of(node)
    go(page, node, f"/d/{BOARDS}/conflicts?label={urllib.parse.quote(label)}", ".candidate")
    conflict = next(each for each in node.home.run("conflicts", BOARDS)["conflicts"] if each["annotation"] == label)
    wanted = conflict["candidates"][0]
    page.keyboard.press("a")
    page.wait_for_selector("dialog.sign li")
    shot(page, "sign")
    page.click("dialog.sign button.main")
    story = None
    until = time.monotonic() + 15
    while time.monotonic() < until:
        story = node.home.run("show", label, "--dataset", BOARDS)["fields"][conflict["field"]]
        if not story["contested"]:
            break
        page.wait_for_timeout(200)
    last = next((each for each in story["writes"] if not each["replaced"]), {})
    check(story["value"] == wanted["value"] and (last.get("signedBy"), last.get("signer")) == ("person", f"{person}@{node.home.origin}"), f"taken: {story['value']}, not {wanted['value']}, by {last}")
    check(sorted(last.get("replaces", [])) == sorted(each["op"] for each in conflict["candidates"]), f"it replaces {last.get('replaces')}")
    check(not page.complaints, f"the console says {page.complaints}")
    page.context.close()


TESTS = [without_pointer, tracks, relations, every_kind, filters, past, judged, own_key]
