"""One item: what is drawn, drawing, changing, undoing, states of its file, recordings."""

import io
import urllib.parse

from PIL import Image

from browser import go, shot
from homes import BOARDS


def open_item(page, node, key, dataset=BOARDS):
    go(page, node, f"/d/{dataset}/item/{urllib.parse.quote(key, safe='')}", f"html[data-loaded='{key}']")


def labels(node, key, dataset=BOARDS):
    return {each["id"]: each for each in node.home.run("list", dataset, "--item", key, "--limit", "1000")["annotations"]}


def spot(page, x, y, width=640, height=440):
    """Where a pixel of the picture is on screen, while the picture fills the window."""
    frame = page.locator(".layer.top").bounding_box()
    scale = min((frame["width"] - 24) / width, (frame["height"] - 24) / height)
    return frame["x"] + (frame["width"] - width * scale) / 2 + x * scale, frame["y"] + (frame["height"] - height * scale) / 2 + y * scale


def drag(page, start, end):
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    page.mouse.move(*end)
    page.mouse.up()


def wait_written(page, node, key, holds, dataset=BOARDS):
    """The item's labels as the node has them, once something holds of them, or after ten seconds."""
    ask = "async ([dataset, key]) => (await (await fetch(`api/v1/datasets/${dataset}/labels?limit=1000&item=${encodeURIComponent(key)}`)).json()).annotations"
    for _ in range(100):
        found = {each["id"]: each for each in page.evaluate(ask, [dataset, key])}
        if holds(found):
            return found
        page.wait_for_timeout(100)
    return found


def draw_and_undo(browser, nodes, check):
    """Draws a box and a polygon, drags a corner, changes the class by a digit, retracts, and takes it all back."""
    node, key = nodes[0], "img/0010.png"
    page = browser.page(node)
    open_item(page, node, key)
    before = labels(node, key)
    page.keyboard.press("2")
    page.keyboard.press("b")
    drag(page, spot(page, 300, 180), spot(page, 380, 240))
    after = wait_written(page, node, key, lambda found: len(found) == len(before) + 1)
    new = [each for id, each in after.items() if id not in before]
    check(len(new) == 1, f"{len(new)} labels were drawn")
    if not new:
        return
    label = new[0]
    shape = label["selector"]
    check(label["class"] == "short" and shape["kind"] == "box" and abs(shape["x"] - 300) < 2 and abs(shape["width"] - 80) < 3, f"the box is {label['class']} {shape}")
    shot(page, "drawn")
    drag(page, spot(page, 380, 240), spot(page, 420, 270))
    moved = wait_written(page, node, key, lambda found: found[label["id"]]["selector"]["width"] > 110)[label["id"]]["selector"]
    check(abs(moved["width"] - 120) < 3 and abs(moved["height"] - 90) < 3, f"the dragged corner gave {moved}")
    page.keyboard.press("3")
    check(wait_written(page, node, key, lambda found: found[label["id"]]["class"] == "spur")[label["id"]]["class"] == "spur", "3 does not set the third class")
    page.keyboard.press("u")
    check(wait_written(page, node, key, lambda found: found[label["id"]]["class"] == "short")[label["id"]]["class"] == "short", "U does not take the class back")
    page.wait_for_timeout(300)
    page.keyboard.press("]")
    page.keyboard.press("Escape")
    page.mouse.click(*spot(page, 340, 200))
    page.wait_for_selector(".labelrow.selected:has-text('short')")
    page.keyboard.press("Delete")
    check(wait_written(page, node, key, lambda found: found[label["id"]]["status"] == "retracted")[label["id"]]["status"] == "retracted", "Delete does not retract")
    page.keyboard.press("p")
    for place in ((100, 100), (160, 100), (150, 170)):
        page.mouse.click(*spot(page, *place))
    page.keyboard.press("Enter")
    found = wait_written(page, node, key, lambda each: any(one["selector"]["kind"] == "polygon" for one in each.values()))
    check(any(each["selector"]["kind"] == "polygon" and len(each["selector"]["parts"][0][0]) == 6 for each in found.values()), "no polygon was drawn")
    check(not page.complaints, f"the console says {page.complaints}")
    page.context.close()


def select_and_hide(browser, nodes, check):
    """Tab steps through labels and Escape leaves; A hides all; companies are switched; both stand side by side."""
    node, key = nodes[0], "img/0000.png"
    page = browser.page(node)
    open_item(page, node, key)
    page.focus(".layer.top")
    page.keyboard.press("Tab")
    page.wait_for_selector(".labelrow.selected")
    first = page.locator(".labelrow.selected").inner_text()
    page.keyboard.press("Tab")
    page.wait_for_function("(first) => document.querySelector('.labelrow.selected')?.innerText !== first", arg=first)
    shot(page, "item-selected")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    check(page.evaluate("() => !document.activeElement.classList.contains('top')"), "Tab does not leave the picture after Escape")
    page.keyboard.press("a")
    page.wait_for_selector("html[data-hiding=true]")
    page.keyboard.press("a")
    page.wait_for_selector("html[data-hiding=false]")
    count = page.inner_text(".panelhead h2")
    page.click(".company >> nth=1")
    check(page.inner_text(".panelhead h2") != count, "a company cannot be hidden")
    page.click(".company >> nth=1")
    page.keyboard.press("v")
    page.wait_for_selector(".pane >> nth=1")
    page.wait_for_timeout(500)
    shot(page, "item-beside")
    page.keyboard.press("v")
    page.keyboard.press("t")
    page.wait_for_function("() => Number(document.querySelector('#past')?.max) > 0")
    page.keyboard.press("Home")
    page.wait_for_timeout(200)
    shot(page, "item-past")
    page.keyboard.press("t")
    page.wait_for_selector("#past", state="detached")
    check(not page.complaints, f"the console says {page.complaints}")
    page.context.close()


def files(browser, nodes, check):
    """A file that differs has a red band; without one the labels stand on a sheet; a header of 10^10 pixels is not decoded."""
    node = nodes[0]
    page = browser.page(node)
    open_item(page, node, "img/0005.png")
    check("SHA-256 differs" in page.inner_text(".mediastate.differs"), "no red band where the file differs")
    shot(page, "item-differs")
    open_item(page, node, "img/0006.png")
    check("not here" in page.inner_text(".mediastate"), "nobody says that the file is missing")
    shot(page, "item-without-file")
    open_item(page, node, "img/bomb.png")
    page.wait_for_selector(".mediastate.differs")
    check("megapixels" in page.inner_text(".mediastate"), f"of the picture of 10^10 pixels it says {page.inner_text('.mediastate')}")
    open_item(page, node, "run/camera.mp4")
    page.wait_for_selector("#frame")
    page.keyboard.press(".")
    page.keyboard.press(".")
    check(page.input_value("#frame") == "2", "the frame does not move by a key")
    page.evaluate("() => { const s = document.getElementById('frame'); s.value = 25; s.dispatchEvent(new Event('input')); }")
    page.wait_for_timeout(200)
    shot(page, "item-track")
    check(not page.complaints, f"the console says {page.complaints}")
    page.context.close()


def turned(browser, nodes, check):
    """A picture whose EXIF asks to turn it is decoded as it is stored, whole and smaller."""
    page = browser.page(nodes[0])
    picture = Image.new("RGB", (60, 30), "red")
    picture.paste("blue", (0, 0, 10, 10))
    # The picture's size, and how much blue there is in the middle of its upper left corner.
    ask = """async ([bytes, longest]) => {
        const { decode } = await import("/core/picture.js");
        const { bitmap } = await decode(new Blob([new Uint8Array(bytes)]), longest);
        const pen = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
        pen.drawImage(bitmap, 0, 0);
        return [bitmap.width, bitmap.height, pen.getImageData(bitmap.width / 12, bitmap.height / 6, 1, 1).data[2] > 150];
    }"""
    for form in ("JPEG", "PNG", "WEBP"):
        for orientation in (1, 3, 6, 8):
            exif, file = Image.Exif(), io.BytesIO()
            exif[0x112] = orientation
            picture.save(file, form, exif=exif)
            for longest, size in ((None, [60, 30]), (30, [30, 15])):
                found = page.evaluate(ask, [list(file.getvalue()), longest])
                check(found == [*size, True], f"{form}, orientation {orientation}, at most {longest}: {found}")
    check(not page.complaints, f"the console says {page.complaints}")
    page.context.close()


def examined_and_comment(browser, nodes, check):
    """X says examined, C comments."""
    node, key = nodes[0], "img/0011.png"
    page = browser.page(node)
    open_item(page, node, key)
    page.keyboard.press("x")
    page.wait_for_selector(".itembar button:has-text('✓')")
    page.keyboard.press("]")
    page.wait_for_selector(".labelrow.selected")
    page.keyboard.press("c")
    page.wait_for_selector("dialog textarea")
    page.keyboard.type("Seen under the microscope.")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".reviews .comment:has-text('microscope')")
    check("examined/oem.example" in node.home.run("show", key, "--dataset", BOARDS)["fields"], "examined was not written")
    check(not page.complaints, f"the console says {page.complaints}")
    page.context.close()


TESTS = [draw_and_undo, select_and_hide, files, turned, examined_and_comment]
