"""YAML 1.2 with PyYAML, which reads 1.1 by default.

In YAML 1.1 the key `On` is `True`, `off` is `False` and `01234567` is an octal number. Rules are
written in YAML 1.2, where these are two texts and a decimal number. Text that either version
would read as something else is quoted when it is written.

Sources: "YAML Ain't Markup Language (YAML) version 1.2", section 10.3 (core schema).
"""

from __future__ import annotations

import math
import re
from collections.abc import Hashable
from functools import cache
from types import SimpleNamespace
from typing import Any

__all__ = ["YamlError", "dump", "load", "load_with_source"]

# The core schema: tag, pattern, first characters.
_CORE = (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    (
        "float",
        (
            r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
            r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
        ),
        list("-+.0123456789"),
    ),
    ("merge", r"<<", ["<"]),
)
_NOT_PLAIN = re.compile("|".join(pattern for _, pattern, _ in _CORE))
_END = "...\n"  # written after a block that ends in newlines, though more may follow
_PRINTABLE = re.compile(r"[ -~\n\xa0-\u2027\u2030-\ud7ff]*")  # what a literal block may contain


class YamlError(ValueError):
    """A document that cannot be read; the message has line and column."""


def load(text: str) -> Any:
    """Return the content of a document.

    Raises
    ------
    YamlError
        For invalid YAML, several documents, a repeated key, or a key that is a list or map.

    Examples
    --------
    >>> load("On: [01234567, off, 1e3, ~]")
    {'On': [1234567, 'off', 1000.0, None]}
    """
    return load_with_source(text, frozenset())[0]


def load_with_source(text: str, keys: frozenset[str]) -> tuple[Any, dict[str, str]]:
    r"""Return the content of a document, and the source text of some top-level lists and maps.

    Parameters
    ----------
    text
        One YAML document.
    keys
        Top-level keys whose source text is returned, without its indentation.

    Examples
    --------
    >>> load_with_source("A:\n  - B  # why\nC: 1\n", frozenset({"A"}))
    ({'A': ['B'], 'C': 1}, {'A': '- B  # why\n'})
    """
    tools = _tools()
    text = text.removeprefix("\ufeff")
    text = text if text.endswith("\n") else text + "\n"  # marks the last block's end
    loader = tools.Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None, {}
        value = loader.construct_document(node)
    except (tools.error, ValueError, RecursionError) as error:
        raise YamlError(_one_line(error)) from None
    finally:
        loader.dispose()
    return value, _sources(text, node, keys) if isinstance(value, dict) else {}


def dump(value: Any) -> str:
    """Return a document in block style, which YAML 1.1 and 1.2 read alike.

    Raises
    ------
    YamlError
        For a value that is not text, number, boolean, list or map.

    Examples
    --------
    >>> print(dump({"On": ["no", "1e3", "0o7"], "Enabled": True}), end="")
    'On':
    - 'no'
    - '1e3'
    - '0o7'
    Enabled: true
    """
    tools = _tools()
    try:
        text: str = tools.yaml.dump(
            value,
            Dumper=tools.Dumper,
            sort_keys=False,
            allow_unicode=True,
            default_flow_style=False,
            width=100,
        )
    except tools.error as error:  # a type that YAML has no form for
        raise YamlError(_one_line(error)) from None
    return text.removesuffix(_END)


def _one_line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return where + str(getattr(error, "problem", None) or error).replace("\n", " ")


def _sources(text: str, node: Any, keys: frozenset[str]) -> dict[str, str]:
    return {
        key.value: _source(text, value)
        for key, value in node.value
        if key.value in keys and value.id != "scalar"
    }


def _source(text: str, node: Any) -> str:
    """Return the text of a list or map without its indentation, and with one newline at the end."""
    first, last = node.start_mark, node.end_mark
    indent = 0 if node.flow_style else first.column
    return _dedent(" " * indent + text[first.index : last.index].rstrip() + "\n", indent)


def _dedent(text: str, columns: int) -> str:
    """Remove the indentation of a block; only comments may be indented less."""
    return re.sub(rf"(?m)^ {{1,{columns}}}", "", text) if columns else text


@cache
def _tools() -> SimpleNamespace:
    """Return the loader and the dumper, made when the first file is read."""
    try:
        import yaml  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ImportError(
            'rules as code need PyYAML: pip install "pandakit[detections]"'
        ) from error
    return SimpleNamespace(
        yaml=yaml, error=yaml.YAMLError, Loader=_loader(yaml), Dumper=_dumper(yaml)
    )


def _loader(yaml: Any) -> Any:
    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """The safe loader with the core schema of YAML 1.2."""

        yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own name

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyYAML's own
            seen: set[Any] = set()
            for key, _ in node.value:
                if key.tag != "tag:yaml.org,2002:merge":
                    name = self.construct_object(key, deep=True)
                    self._check_key(key, name, seen)
                    seen.add(name)
            return super().construct_mapping(node, deep=deep)

        @staticmethod
        def _check_key(node: Any, name: Any, seen: set[Any]) -> None:
            wrong = "a key is a list or map" if not isinstance(name, Hashable) else ""
            if not wrong and name in seen:
                wrong = f"the key {name!r} is repeated"
            if wrong:
                raise yaml.constructor.ConstructorError(None, None, wrong, node.start_mark)

    for tag, pattern, first in _CORE:
        Loader.add_implicit_resolver(
            f"tag:yaml.org,2002:{tag}", re.compile(f"(?:{pattern})$"), first
        )
    Loader.add_constructor("tag:yaml.org,2002:int", lambda _, node: _integer(node.value))
    Loader.add_constructor("tag:yaml.org,2002:float", lambda _, node: _number(node.value))
    return Loader


def _integer(text: str) -> int:
    for prefix, base in (("0o", 8), ("0x", 16)):
        if text.startswith(prefix):
            return int(text[2:], base)
    return int(text)


def _number(text: str) -> float:
    plain = text.lower().lstrip("+-")
    sign = -1.0 if text.startswith("-") else 1.0
    return (
        sign * {".inf": math.inf, ".nan": math.nan}[plain] if plain[1:].isalpha() else float(text)
    )


def _dumper(yaml: Any) -> Any:
    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        """The safe dumper; texts of several lines are literal blocks."""

        def ignore_aliases(self, data: Any) -> bool:
            del data
            return True

    def represent_text(dumper: Any, text: str) -> Any:
        style = "'" if _NOT_PLAIN.fullmatch(text) else None
        if "\n" in text and _may_be_literal(text):
            style = "|"
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, represent_text)
    return Dumper


def _may_be_literal(text: str) -> bool:
    """Return whether a literal block keeps a text exactly; other texts are escaped."""
    trailing = any(line != line.rstrip() for line in text.split("\n"))
    return bool(_PRINTABLE.fullmatch(text)) and not text[0].isspace() and not trailing
