"""Names, comments and files of a partner as scripts: they are shown, and never run."""

import urllib.parse

from browser import go, shot
from homes import BOARDS, SCRIPT


def scripts(browser, nodes, check):
    """Opens everything that carries them."""
    node = nodes[0]
    page = browser.page(node)
    go(page, node, f"/d/{BOARDS}/items?q=run", ".cell .key")
    page.wait_for_selector("html[data-items]")
    check("\u202e" not in page.inner_text("main"), "a sign that turns the direction of writing stands in the page")
    keys = [each["key"] for each in page.evaluate("async () => (await (await fetch('api/v1/datasets/oem.example/boards/items?limit=1000')).json()).items")]
    hostile = [key for key in keys if key.startswith("run/") and "camera" not in key or "passwd" in key]
    check(len(hostile) >= 4, f"only {hostile} are there")
    for key in hostile:
        go(page, node, f"/d/{BOARDS}/item/{urllib.parse.quote(key, safe='')}", ".labelrow")
        page.wait_for_function("(key) => document.documentElement.dataset.loaded === key", arg=key)
        page.keyboard.press("]")
        page.wait_for_selector(".labelrow.selected")
        page.wait_for_timeout(250)
    shot(page, "hostile")
    label = node.home.run("list", BOARDS, "--item", hostile[0])["annotations"][0]["id"]
    go(page, node, f"/d/{BOARDS}/label/{urllib.parse.quote(label, safe='')}", ".write")
    # The screen before has the same writes in a panel.
    page.wait_for_function("(name) => document.querySelector('main h1')?.innerText === name", arg=SCRIPT)
    for hash in (f"/d/{BOARDS}", f"/d/{BOARDS}/quality", f"/d/{BOARDS}/history", f"/d/{BOARDS}/items?class={urllib.parse.quote(SCRIPT)}", f"/d/{urllib.parse.quote(SCRIPT, safe='')}/x", "/nowhere", "/d/%E0%A4%A/x"):
        page.goto(node.base + "#" + hash)
        page.wait_for_timeout(300)
    check(page.evaluate("() => window.ran") is None, "a script of a partner has run")
    check(page.locator("main img, main script, main iframe, main object").count() == 0, "an element of a partner stands in the page")
    complaints = [each for each in page.complaints if "Content Security Policy" in each or "Error" in each]
    check(not complaints, f"the console says {complaints}")
    page.context.close()


def media_types(browser, nodes, check):
    """SVG and HTML of the media folder come as bytes, and paths out of it lead nowhere."""
    page = browser.page(nodes[0])
    ask = "async (key) => { const r = await fetch('api/v1/datasets/oem.example/boards/media?item=' + encodeURIComponent(key)); return [r.status, r.headers.get('content-type'), r.headers.get('x-content-type-options')]; }"
    for key in ("run/script.svg", "run/script.html"):
        check(page.evaluate(ask, key) == [200, "application/octet-stream", "nosniff"], f"{key} comes as {page.evaluate(ask, key)}")
    for key in ("../../etc/passwd", "../oem.pem", "/etc/passwd"):
        check(page.evaluate(ask, key)[0] in (400, 404), f"{key} is answered with {page.evaluate(ask, key)}")
    page.context.close()


def without_session(browser, nodes, check):
    """Without a session there is nothing to see; a link works once; an old token leaves the address."""
    node = nodes[0]
    page = browser.page()
    page.goto(node.base)
    page.wait_for_selector(".card.sign")
    shot(page, "sign-in")
    # The page takes the token out of the address and begins anew.
    page.goto(node.base + "#token=" + "0" * 64)
    page.wait_for_function("() => !location.hash.includes('token')")
    page.wait_for_selector(".card.sign")
    check("token" not in page.url, f"the token stays in the address: {page.url}")
    check(not [each for each in page.complaints if "Error" in each], f"the console says {page.complaints}")
    page.context.close()


TESTS = [scripts, media_types, without_session]
