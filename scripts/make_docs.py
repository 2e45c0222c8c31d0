"""Write the pages of docs/ that repeat what the code says: columns, settings, API, commands."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

import pandakit
from pandakit.bigpanda._lists.resources import RESOURCES as BIGPANDA
from pandakit.cli import cli
from pandakit.detections.columns import DETECTIONS, content_columns
from pandakit.pangea.columns import EVENT_COLUMNS, ROOT_COLUMNS, SCHEMA_COLUMNS
from pandakit.panther import child_tables
from pandakit.panther._lists.resources import RESOURCES as PANTHER
from pandakit.panther.overview import INVENTORY
from pandakit.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

    from pandakit.frames import Column
    from pandakit.panther._lists.resources import Resource

DOCS = Path(__file__).parent.parent / "docs"
HEAD = """\
# Columns

Written by `make docs` from the tables in `pandakit/*/`; do not edit.

Declared columns come first, in this order, also when there are no rows. Fields that are new at a
service follow as columns of their own, named in `df.attrs["pandakit"]["extra_columns"]`.
"""
SETTINGS_HEAD = """\
# Settings

Written by `make docs` from `pandakit/settings.py`; do not edit.

Each setting has the same name everywhere. The first place that has it wins: the argument of the
client, the environment, `.env` in the working directory, `config.toml` in the user's configuration
folder (`~/.config/pandakit` on Linux). An empty value counts as not set.

A `.env` may have come with a folder that somebody else made. So a host, domain or URL from it is
used only with a token from it; with your own token, `SettingsError` names both places and says how
to allow it. `BIGPANDA_REGION` may come from anywhere: its hosts are the service's own.

```python
import pandakit as pk

pk.show_settings()  # every setting, its value (secrets masked) and its source
```

"""
REFERENCE = "Every public name with its signature, from the docstrings in the code."
HELP = """\
{level} {title}

```text
{text}
```
"""
TITLES = {
    "pandakit.bigpanda": "BigPanda",
    "pandakit.bpql": "Query language (BPQL)",
    "pandakit.connection": "Connecting",
    "pandakit.consolidation": "Simulation",
    "pandakit.lab": "What-if analysis",
    "pandakit.errors": "Errors and warnings",
    "pandakit.snapshot": "Saved frames",
}
MEMBERS = """\
   :members:
   :inherited-members: object,BaseException,Exception,tuple,str
"""
# What an error inherits stands at the root of the tree, once.
ERROR = """\
.. autoclass:: {name}{signature}
   :members:
   :show-inheritance:
"""
ALSO_SHOWN = {"Connection"}  # what `connect` returns
CHILDREN = (
    ("unit_tests(frame)", child_tables.UNIT_TEST),
    ("reports(frame)", child_tables.REPORT),
    ("mappings(frame)", child_tables.MAPPING),
    ("inventory()", INVENTORY),
)


def table(columns: Sequence[Column]) -> str:
    """Return the Markdown table of some columns."""
    rows = (
        f"| `{column.name}` | {column.dtype} | {', '.join(f'`{p}`' for p in column.sources)} "
        f"| {column.meaning} |"
        for column in columns
    )
    return "\n".join(["| column | dtype | from | what |", "|---|---|---|---|", *rows])


def filters(resource: Resource) -> str:
    """Return the line about a Panther list's filters."""
    named = [
        f"`{each.name}` ({each.kind}{': ' + ', '.join(each.choices) if each.choices else ''})"
        for each in resource.filters.values()
    ]
    return f"Filters: {'; '.join(named)}." if named else "No filters."


def panther() -> Iterator[str]:
    """Yield the sections of Panther."""
    yield "## Panther"
    for row in PANTHER.values():
        paging = "in one answer" if row.page is None else f"{row.page} rows a page"
        yield f"### `{row.name}`\n\n`GET {row.path}`, {paging}; needs {row.needs}. {filters(row)}"
        yield table(row.columns)
    yield "### `detections`\n\nThe lists of rules and policies in one frame."
    yield table(content_columns(DETECTIONS))
    for name, columns in CHILDREN:
        yield f"### `{name}`"
        yield table(columns)


def bigpanda() -> Iterator[str]:
    """Yield the sections of BigPanda."""
    yield "## BigPanda\n\nTags follow as `tag.<name>`: text, or a list where there are several."
    for row in BIGPANDA.values():
        yield f"### `{row.name}`\n\n`GET {row.path}`"
        yield table(row.columns)


def pangea() -> Iterator[str]:
    """Yield the sections of Pangea."""
    yield "## Pangea"
    sections = (("search", EVENT_COLUMNS), ("root", ROOT_COLUMNS), ("schema", SCHEMA_COLUMNS))
    for name, columns in sections:
        yield f"### `{name}`\n\n`POST /v1/{name}`"
        yield table(columns)


def columns_page() -> str:
    """Return docs/columns.md."""
    return "\n\n".join([HEAD.rstrip(), *panther(), *bigpanda(), *pangea()]) + "\n"


def settings_page() -> str:
    """Return docs/settings.md."""
    rows = (
        f"| `{each.name}` | {each.service} | {each.meaning} | {'yes' if each.secret else ''} |"
        for each in SETTINGS.values()
    )
    table_head = "| setting | service | what it is | secret |\n|---|---|---|---|"
    return SETTINGS_HEAD + "\n".join([table_head, *rows]) + "\n"


def command_line_page() -> str:
    """Return the help of the command line and of each command."""
    context = click.Context(cli, info_name="pandakit")
    pages = [HELP.format(level="#", title="Command line", text=cli.get_help(context))]
    commands = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    for name, command in commands.items():
        inner = click.Context(command, info_name=name, parent=context)
        pages.append(HELP.format(level="##", title=name, text=command.get_help(inner)))
    return "\n".join(pages)


def reference_pages() -> dict[str, str]:
    """Return the pages of the API reference by name: one per module that has public names."""
    homes = dict.fromkeys(home or f"pandakit.{name}" for name, home in pandakit._HOMES.items())
    pages = {home.removeprefix("pandakit."): reference_page(home) for home in sorted(homes)}
    listing = "\n".join(pages)
    return {
        "index": f"# API reference\n\n{REFERENCE}\n\n```{{toctree}}\n{listing}\n```\n",
        **pages,
    }


def reference_page(home: str) -> str:
    """Return the page of one module: what it is for, and each of its names."""
    module = import_module(home)
    top = [name for name, where in pandakit._HOMES.items() if where == home]
    more = [name for name in public_names(module) if name not in top]
    named = [f"pandakit.{name}" for name in top] + [f"{home}.{name}" for name in more]
    title = TITLES.get(home) or home.rpartition(".")[2].capitalize()
    entries = "\n".join(map(directive, sorted(named, key=str.lower)))
    return f"# {title}\n\n```{{eval-rst}}\n{module.__doc__}\n\n{entries}```\n"


def public_names(module: ModuleType) -> list[str]:
    """Return the names that a package shows besides those on top; a plain module shows few."""
    if hasattr(module, "__path__"):
        return list(module.__all__)
    return [name for name in module.__all__ if name in ALSO_SHOWN]


def directive(name: str) -> str:
    """Return the directive that documents one name."""
    module, _, last = name.rpartition(".")
    value = getattr(import_module(module), last)
    if inspect.isclass(value):
        if issubclass(value, Exception):
            own = "__init__" in vars(value)
            return ERROR.format(name=name, signature="" if own else "(message='', **fields)")
        return f".. autoclass:: {name}\n{MEMBERS}"
    if callable(value):
        return f".. autofunction:: {name}\n"
    return f".. py:data:: {name}\n   :value: {value!r}\n"


def main() -> None:
    """Write every generated page."""
    pages = {"columns": columns_page(), "settings": settings_page()}
    pages |= {f"api/{name}": text for name, text in reference_pages().items()}
    pages["api/command-line"] = command_line_page()
    for name, text in pages.items():
        target = DOCS / f"{name}.md"
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, encoding="utf-8")
    print(f"wrote {len(pages)} pages to {DOCS}")


if __name__ == "__main__":
    main()
