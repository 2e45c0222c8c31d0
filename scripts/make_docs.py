"""Write docs/columns.md: the columns of every loader, from the same tables that the loaders use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pandakit.bigpanda._lists.resources import RESOURCES as BIGPANDA
from pandakit.pangea.columns import EVENT_COLUMNS, ROOT_COLUMNS, SCHEMA_COLUMNS
from pandakit.panther import child_tables
from pandakit.panther._lists.reading import detection_columns
from pandakit.panther._lists.resources import RESOURCES as PANTHER
from pandakit.panther.overview import INVENTORY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pandakit.frames import Column
    from pandakit.panther._lists.resources import Resource

TARGET = Path(__file__).parent.parent / "docs" / "columns.md"
HEAD = """\
# Columns

Written by `make docs` from the tables in `pandakit/*/`; do not edit.

Declared columns come first, in this order, also when there are no rows. Fields that are new at a
service follow as columns of their own, named in `df.attrs["pandakit"]["extra_columns"]`.
"""
CHILDREN = (
    ("unit_tests(frame)", child_tables.UNIT_TEST),
    ("reports(frame)", child_tables.REPORT),
    ("mappings(frame)", child_tables.MAPPING),
    ("inventory()", INVENTORY),
)


def table(columns: Sequence[Column]) -> str:
    """Give the Markdown table of some columns."""
    rows = (
        f"| `{column.name}` | {column.dtype} | {', '.join(f'`{p}`' for p in column.sources)} "
        f"| {column.meaning} |"
        for column in columns
    )
    return "\n".join(["| column | dtype | from | what |", "|---|---|---|---|", *rows])


def filters(resource: Resource) -> str:
    """Give the line about a Panther list's filters."""
    named = [
        f"`{each.name}` ({each.kind}{': ' + ', '.join(each.choices) if each.choices else ''})"
        for each in resource.filters.values()
    ]
    return f"Filters: {'; '.join(named)}." if named else "No filters."


def panther() -> Iterator[str]:
    """Give the sections of Panther."""
    yield "## Panther"
    for row in PANTHER.values():
        paging = "in one answer" if row.page is None else f"{row.page} rows a page"
        yield f"### `{row.name}`\n\n`GET {row.path}`, {paging}; needs {row.needs}. {filters(row)}"
        yield table(row.columns)
    yield "### `detections`\n\nThe lists of rules and policies in one frame."
    yield table(detection_columns())
    for name, columns in CHILDREN:
        yield f"### `{name}`"
        yield table(columns)


def bigpanda() -> Iterator[str]:
    """Give the sections of BigPanda."""
    yield "## BigPanda\n\nTags follow as `tag.<name>`: text, or a list where there are several."
    for row in BIGPANDA.values():
        yield f"### `{row.name}`\n\n`GET {row.path}`"
        yield table(row.columns)


def pangea() -> Iterator[str]:
    """Give the sections of Pangea."""
    yield "## Pangea"
    sections = (("search", EVENT_COLUMNS), ("root", ROOT_COLUMNS), ("schema", SCHEMA_COLUMNS))
    for name, columns in sections:
        yield f"### `{name}`\n\n`POST /v1/{name}`"
        yield table(columns)


def document() -> str:
    """Give the whole page."""
    return "\n\n".join([HEAD.rstrip(), *panther(), *bigpanda(), *pangea()]) + "\n"


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(document(), encoding="utf-8")
    print(f"wrote {TARGET}")
