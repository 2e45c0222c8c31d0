"""Check the built site: every internal link has a target, and no page loads anything remote."""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

SITE = Path(__file__).parent.parent / "docs" / "_build" / "html"


class Page(HTMLParser):
    """The anchors of a page, its links, and what a browser loads to show it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the ids and addresses of one tag."""
        values = {name: value for name, value in attrs if value is not None}
        self.anchors.update(values[name] for name in ("id", "name") if name in values)
        if "src" in values:
            self.loaded.append(values["src"])
        if "href" in values:
            (self.loaded if tag == "link" else self.links).append(values["href"])


def faults(pages: dict[Path, Page]) -> list[str]:
    """Return one line for each dead link and each remote file."""
    found = []
    for page in pages.values():
        remote = [address for address in page.loaded if urlsplit(address).netloc]
        found += [f"{page.path}: loads {address}" for address in remote]
        for address in {*page.links, *page.loaded}:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc or not address:
                continue
            target = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
            anchors = pages[target].anchors if target in pages else {parts.fragment}
            if not target.exists():
                found.append(f"{page.path}: no file for {address}")
            elif parts.fragment and unquote(parts.fragment) not in anchors:
                found.append(f"{page.path}: no anchor for {address}")
    return sorted(found)


def main() -> None:
    """Print the faults, and exit with 1 when there are any."""
    pages = {path: Page(path) for path in sorted(SITE.resolve().rglob("*.html"))}
    found = faults(pages)
    print("\n".join(found) or f"{len(pages)} pages: every link has a target, nothing is remote")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
