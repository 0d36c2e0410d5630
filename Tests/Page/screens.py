"""Every screen, by mouse and by keyboard, in both languages, light and dark."""

import urllib.parse

from axe_playwright_python.sync_playwright import Axe

from browser import go, shot
from homes import BOARDS, PARTS

# Each screen, and what has to be on it.
SCREENS = {
    "home": ("/", ".screen.home table"),
    "dataset": (f"/d/{BOARDS}", ".screen.dataset .card"),
    "items": (f"/d/{BOARDS}/items", ".screen.items .cell .key"),
    "item": (f"/d/{BOARDS}/item/img%2F0000.png?at=0", ".screen.item .labelrow"),
    "conflicts": (f"/d/{BOARDS}/conflicts", ".screen.conflicts .candidate"),
    "quality": (f"/d/{BOARDS}/quality", ".screen.quality .card"),
    "releases": (f"/d/{BOARDS}/releases", ".screen.releases h1"),
    "history": (f"/d/{BOARDS}/history", ".screen.history .historyrow"),
    "partners": ("/partners", ".screen.partners table"),
    "me": ("/me", ".screen.me .card"),
    "setup": ("/setup", ".screen.setup .steps"),
}
MODALITIES = {"000.pcd": "canvas", "pump.csv": ".plot canvas", "talk.wav": ".plot canvas", "call/1": ".reader .span", "mol/ethanol": "canvas", "q1": ".pair .answer", "orders.csv": ".gridrow .marked", "flange.dxf": "canvas"}


def label_of(node, item="img/0000.png"):
    """A label in conflict, so that there is much to tell."""
    conflicts = node.home.run("conflicts", BOARDS)["conflicts"]
    return next((each["annotation"] for each in conflicts if each["annotation"]), None) or node.home.run("list", BOARDS, "--item", item)["annotations"][0]["id"]


def every_screen(browser, nodes, check):
    """Opens each one, asks axe, and keeps what it looks like, light and dark."""
    node = nodes[0]
    page = browser.page(node)
    axe = Axe()
    places = SCREENS | {"label": (f"/d/{BOARDS}/label/{urllib.parse.quote(label_of(node), safe='')}", ".screen.label .write")}
    for theme in ("light", "dark"):
        for name, (hash, selector) in places.items():
            # Dark is other colours of the same parts: those screens that have parts of their own.
            if theme == "dark" and name not in ("home", "items", "item", "conflicts", "quality", "label"):
                continue
            go(page, node, hash, selector)
            page.wait_for_timeout(250)
            shot(page, f"{name}-{theme}")
            if theme == "light" or name == "item":
                found = [violation for violation in axe.run(page).response["violations"] if violation["impact"] in ("serious", "critical")]
                check(not found, f"axe on {name}, {theme}: {[(v['id'], [n['html'][:160] for n in v['nodes'][:3]]) for v in found]}")
        page.click("header button[title='Light or dark']")
    check(not page.complaints, f"the console says {page.complaints}")
    page.context.close()


def chinese(browser, nodes, check):
    """Each screen in Chinese: no English sentence of the page is left."""
    node = nodes[0]
    page = browser.page(node, locale="zh-CN")
    check(page.get_attribute("html", "lang") == "zh-Hans", "the language of the page is not zh-Hans")
    for name, (hash, selector) in SCREENS.items():
        go(page, node, hash, selector)
        page.wait_for_timeout(200)
        text = page.inner_text("body")
        for word in ("Datasets", "Conflict ", "Labels", "Partners", "Overview", "Take this", "Undo", "Agreement"):
            check(word not in text, f"{name} has “{word}” in Chinese")
        if name in ("home", "item", "conflicts"):
            shot(page, f"{name}-chinese")
    page.click("header button[lang=en]")
    page.wait_for_selector("html[lang=en]")
    check(not page.complaints, f"the console says {page.complaints}")
    page.context.close()


def by_mouse(browser, nodes, check):
    """From home to a label and its partners by clicks alone."""
    page = browser.page(nodes[0])
    page.click("table.rows tbody th a >> nth=0")
    page.wait_for_selector(".screen.items .cell .key")
    page.fill("#filter-q", "0001")
    page.wait_for_selector("html[data-items='1']")
    page.click(".cell:visible >> nth=0")
    page.wait_for_selector(".screen.item .labelrow")
    page.click(".labelrow:visible >> nth=0")
    page.click(".detail a:has-text('Provenance')")
    page.wait_for_selector(".screen.label .write")
    for tab in ("Conflicts", "Quality", "Releases", "History", "Overview", "Items"):
        page.click(f"#top a:has-text('{tab}')")
        page.wait_for_selector(f"#top a[aria-current=page]:has-text('{tab}')")
    page.click("#top a:has-text('Partners')")
    page.wait_for_selector(".screen.partners table")
    check("tier1.example" in page.inner_text(".screen.partners"), "the partner is not listed")
    check(not page.complaints, f"the console says {page.complaints}")
    page.context.close()


def by_keyboard(browser, nodes, check):
    """From home to an item and back without a mouse; the sheet of keys."""
    node = nodes[0]
    page = browser.page(node)
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.closest('tbody th') !== null"):
            break
    page.keyboard.press("Enter")
    page.wait_for_selector(".screen.items .cell .key")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#cell-1.focused")
    page.keyboard.press("/")
    check(page.evaluate("() => document.activeElement.id") == "filter-q", "/ does not go to the search")
    page.keyboard.type("img/000")
    page.wait_for_selector("html[data-items='10']")
    page.keyboard.press("Tab")
    page.evaluate("() => document.activeElement.blur()")
    page.keyboard.press("Enter")
    page.wait_for_selector(".screen.item .labelrow")
    first = page.inner_text(".itemkey")
    page.wait_for_selector("button[title*='(F)']:not([disabled])")
    page.keyboard.press("f")
    page.wait_for_function("(first) => document.querySelector('.itemkey')?.innerText !== first", arg=first)
    page.wait_for_selector("button[title*='(D)']:not([disabled])")
    page.keyboard.press("d")
    page.wait_for_function("(first) => document.querySelector('.itemkey')?.innerText === first", arg=first)
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")
    shot(page, "keys")
    check(page.locator("dialog kbd").count() > 30, "the sheet lists few keys")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    page.keyboard.press("Alt+c")
    page.wait_for_selector(".screen.conflicts")
    page.keyboard.press("Alt+h")
    page.wait_for_selector(".screen.home")
    check(not page.complaints, f"the console says {page.complaints}")
    page.context.close()


def modalities(browser, nodes, check):
    """Each kind of item has its viewer, and a click or Tab selects a label in it."""
    node = nodes[0]
    page = browser.page(node)
    keys = [each["key"] for each in page.evaluate("async () => (await (await fetch('api/v1/datasets/oem.example/parts/items?limit=100')).json()).items")]
    for ending, selector in MODALITIES.items():
        key = next(each for each in keys if each.endswith(ending))
        go(page, node, f"/d/{PARTS}/item/{urllib.parse.quote(key, safe='')}", f".screen.item .stages {selector}")
        page.wait_for_selector(f"html[data-loaded='{key}']")
        page.keyboard.press("]")
        page.wait_for_selector(".labelrow.selected")
        page.wait_for_timeout(500)
        shot(page, f"kind-{ending.replace('/', '-')}")
    check(not page.complaints, f"the console says {page.complaints}")
    page.context.close()


TESTS = [every_screen, by_mouse, by_keyboard, chinese, modalities]
