"""Makes the small pictures of Docs/Page.md of the tests' screenshots."""

import pathlib

from PIL import Image

DOCS = pathlib.Path(__file__).resolve().parents[2] / "Docs/Page"
NAMES = {"setup": "setup-done", "items": "items-light", "item": "item-selected", "conflict": "conflict-before", "item-chinese": "item-chinese", "cloud": "cloud-beside"}
WIDTH, COLOURS = 900, 64


def make(screenshots):
    """Writes them into Docs/Page."""
    DOCS.mkdir(parents=True, exist_ok=True)
    for name, shot in NAMES.items():
        image = Image.open(pathlib.Path(screenshots) / f"{shot}.png").convert("RGB")
        image = image.resize((WIDTH, image.height * WIDTH // image.width), Image.LANCZOS).quantize(COLOURS)
        image.save(DOCS / f"{name}.png", optimize=True)
