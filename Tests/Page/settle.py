"""Conflicts: one key decides; two browsers of two companies see one settled; a node that is away."""

import time

from browser import go, shot
from homes import BOARDS


def conflicts_of(node):
    return node.home.run("conflicts", BOARDS)["conflicts"]


def wait_for(holds, seconds=20):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.15)
    return False


def two_companies(browser, nodes, check):
    """One company decides in its browser; the other's browser, open at the same time, shows it settled."""
    oem, tier1 = (browser.page(node) for node in nodes)
    for page, node in ((oem, nodes[0]), (tier1, nodes[1])):
        go(page, node, f"/d/{BOARDS}/conflicts", ".candidate")
    count = int(oem.get_attribute("html", "data-conflicts"))
    check(int(tier1.get_attribute("html", "data-conflicts")) == count, "the companies see different numbers of conflicts")
    shot(oem, "conflict-before")
    first = conflicts_of(nodes[0])[0]
    started = time.monotonic()
    oem.keyboard.press("b")
    oem.wait_for_selector(f"html[data-conflicts='{count - 1}']")
    tier1.wait_for_selector(f"html[data-conflicts='{count - 1}']")
    print(f"   settled in both browsers {time.monotonic() - started:.2f} s after the key")
    shot(tier1, "conflict-settled")
    taken = nodes[1].home.run("show", first["annotation"], "--dataset", BOARDS)["fields"][first["field"]]
    check(not taken["contested"] and taken["value"] == first["candidates"][1]["value"], f"B did not take the right side: {taken['value']}")
    oem.keyboard.press("u")
    oem.wait_for_selector(".tag.warn:has-text('opened again')")
    oem.keyboard.press("a")
    check(wait_for(lambda: nodes[0].home.run("show", first["annotation"], "--dataset", BOARDS)["fields"][first["field"]]["value"] == first["candidates"][0]["value"]), "after undoing, A did not take the left side")
    for page in (oem, tier1):
        check(not page.complaints, f"the console says {page.complaints}")
        page.context.close()


def by_keys_alone(browser, nodes, check):
    """All that are left, one key each, an edit among them."""
    node = nodes[0]
    page = browser.page(node)
    go(page, node, f"/d/{BOARDS}/conflicts", ".candidate")
    left = int(page.get_attribute("html", "data-conflicts"))
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("h1:has-text('Conflict 2')")
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("h1:has-text('Conflict 1')")
    started = time.monotonic()
    decided = 0
    for _ in range(left):
        before = int(page.get_attribute("html", "data-conflicts"))
        page.keyboard.press("ab"[decided % 2])
        page.wait_for_selector(f"html[data-conflicts='{before - 1}']")
        decided += 1
        page.wait_for_timeout(120)
    seconds = time.monotonic() - started
    print(f"   {decided} conflicts in {seconds:.1f} s by keys")
    page.wait_for_selector(".screen.conflicts .empty")
    shot(page, "conflicts-done")
    check(wait_for(lambda: not conflicts_of(node)), f"{len(conflicts_of(node))} conflicts are left on the node")
    check(not page.complaints, f"the console says {page.complaints}")
    page.context.close()


def away(browser, nodes, check):
    """A node that stops is noticed, a write is refused in words, and the page goes on when it is back."""
    node = nodes[1]
    page = browser.page(node)
    go(page, node, f"/d/{BOARDS}/item/img%2F0012.png", ".labelrow")
    node.stop()
    page.wait_for_function("() => document.getElementById('banner').textContent !== ''")
    page.keyboard.press("x")
    page.wait_for_selector(".notice.bad:has-text('cannot be reached')")
    shot(page, "offline")
    check(not page.complaints, f"the console says {page.complaints}")
    page.context.close()
    # The other company's page says whom it cannot reach, and what to do.
    other = browser.page(nodes[0])
    nodes[0].home.run("annotate", BOARDS, "img/0012.png", "--class", "open", "--box", "1,2,30,40")
    other.wait_for_selector(".alarm:has-text('tier1.example'):has-text('tries again')")
    shot(other, "partner-away")
    check(not other.complaints, f"the console says {other.complaints}")
    other.context.close()
    node.start()


def released(browser, nodes, check):
    """A release that waits for this company is countersigned on its screen."""
    nodes[0].home.run("release", "create", BOARDS, "may", "--quorum", "1")
    page = browser.page(nodes[1])
    go(page, nodes[1], f"/d/{BOARDS}/releases", ".card:has-text('may')")
    go(page, nodes[1], f"/d/{BOARDS}/quality", "button.course")
    page.click("button.course")
    page.wait_for_selector(".card:has(button.course) tbody th:has-text('now')")
    wanted = nodes[1].home.run("agreement", BOARDS, "--release", "may")["measures"]
    alpha = next(each["value"] for each in wanted if each["measure"] == "krippendorff-alpha" and each["scope"] == "all")
    shown = page.inner_text(".card:has(button.course) tbody tr:has-text('may') .share")
    check(abs(float(shown) - alpha) < 0.001, f"over time it says {shown}, and the command {alpha}")
    shot(page, "course")
    go(page, nodes[1], f"/d/{BOARDS}/releases", ".card:has-text('may')")
    if page.evaluate("async () => (await fetch('api/v1/openapi.json')).text().then((text) => !text.includes('/countersign'))"):
        print("   SKIPPED: this node countersigns by the command alone")
        page.context.close()
        return
    page.click("button.sign")
    page.wait_for_selector(".notice:has-text('Countersigned')")
    check(wait_for(lambda: any("tier1.example" in each["countersigned"] for each in nodes[1].home.run("release", "list", BOARDS)["releases"])), "the node has not countersigned")
    page.wait_for_selector("button.sign", state="detached")
    check("oem.example" in page.inner_text(".card:has-text('may') .facts") and "\n0\n" not in page.inner_text(".card:has-text('may') .facts"), f"the release says {page.inner_text('.card .facts')}")
    shot(page, "countersigned")
    check(not page.complaints, f"the console says {page.complaints}")
    page.context.close()


TESTS = [two_companies, by_keys_alone, away, released]
