"""`Bpql`: a query, compiled."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Literal

from pandakit.bpql._columns import TagColumns, nearest
from pandakit.bpql._mask import evaluate
from pandakit.bpql._meaning import meaning
from pandakit.bpql._objects import from_object, to_object
from pandakit.bpql._parser import parse
from pandakit.bpql._readings import Readings
from pandakit.bpql._tree import Condition, Group, Keyword, Node
from pandakit.bpql._writer import write
from pandakit.errors import UnknownFieldWarning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Bpql"]


class Bpql:
    r"""A compiled BPQL query: evaluate it over frames, or turn it into the object form.

    Two queries are equal, and have equal hashes, if they differ only in case that does not count,
    in order, repeats, redundant parentheses, or one-item lists.

    Parameters
    ----------
    text
        The query as BigPanda accepts it, such as ``host = "db 01" AND status IN [ok, warning]``.
    precedence
        What binds first where ``AND`` and ``OR`` meet without parentheses: ``"and"``, or
        ``"left"`` (as read from left to right).
    missing_differs
        Whether an alert without the tag passes ``!=`` and ``NOT IN``.
    strong_equal
        How ``===`` compares: ``"exact"`` (case counts) or ``"any_case"``. With either, ``*`` is a
        literal star.
    regex
        Whether a regex may match anywhere in the value (``"search"``) or must match all of it
        (``"full"``).
    regex_case
        Whether case counts in a regex.
    multi_value
        For a tag with several values (a list, or text joined with ``|``): ``"any"`` of them may
        match, or the ``"whole"`` joined text is compared. ``!=`` and ``NOT IN`` are the
        opposite of ``=`` and ``IN``, so under ``"any"`` they hold when no value matches.

    Raises
    ------
    BpqlSyntaxError
        The text is not a query, or uses what BPQL does not have (``LIKE``, ``<``, ``>``, unary
        ``NOT``, ``IS NULL`` ...). The message shows the query with a caret under the
        character; ``text`` and ``position`` are fields.
    ValueError
        A setting has an invalid value.

    Notes
    -----
    The language is that of the vendor's pages "BigPanda Query Language" and "BPQL Object
    Syntax". What they leave open is a setting here. `docs/bpql.md` has all rules.

    Examples
    --------
    >>> import pandas as pd
    >>> alerts = pd.DataFrame(
    ...     {"host": ["db 01", "web-1", "web-2"], "status": ["critical", "Warning", "ok"]}
    ... )
    >>> query = Bpql('host = web* AND status IN [critical,warning]')
    >>> query.mask(alerts)
    array([False,  True, False])
    >>> alerts[Bpql("host != web-1").mask(alerts)]["host"].tolist()
    ['db 01', 'web-2']
    >>> query.columns
    ('host', 'status')
    >>> str(Bpql("a=1 or b=2 and c='x y'"))
    'a = 1 OR (b = 2 AND c = "x y")'
    >>> Bpql("host < web")
    Traceback (most recent call last):
    pandakit.errors.BpqlSyntaxError: BPQL does not order values, it has no <: ...
      host < web
           ^
    """

    __slots__ = ("_meaning", "_readings", "_tree")

    def __init__(
        self,
        text: str,
        *,
        precedence: Literal["and", "left"] = "and",
        missing_differs: bool = True,
        strong_equal: Literal["exact", "any_case"] = "exact",
        regex: Literal["search", "full"] = "search",
        regex_case: bool = False,
        multi_value: Literal["any", "whole"] = "any",
    ) -> None:
        if not isinstance(text, str):
            raise TypeError(f"a query is text, not {type(text).__name__}; see Bpql.from_object")
        self._readings = Readings(
            precedence=precedence,
            missing_differs=missing_differs,
            strong_equal=strong_equal,
            regex=regex,
            regex_case=regex_case,
            multi_value=multi_value,
        )
        self._set_tree(parse(text, precedence=precedence))

    def _set_tree(self, tree: Node) -> None:
        self._tree = tree
        self._meaning = meaning(tree)

    @classmethod
    def from_object(cls, obj: Mapping[str, Any], **settings: Any) -> Bpql:
        """Read the object form, as in an enrichment's ``when`` or a plan's ``condition``.

        Parameters
        ----------
        obj
            JSON with one operator key per level. A plain text value is taken literally; a
            wildcard is ``{"type": "regex", "value": "web*"}`` and a regular expression
            ``{"type": "formal-regex", "value": "web-[0-9]+"}``.
        settings
            As for `Bpql`.

        Raises
        ------
        BpqlSyntaxError
            The message names the path to what is wrong, such as ``$["AND"][1]["="][0]``.

        Examples
        --------
        >>> print(Bpql.from_object({"=": ["host", {"type": "regex", "value": "web*"}]}))
        host = web*
        """
        query = cls("*", **settings)
        query._set_tree(from_object(obj))
        return query

    def to_object(self) -> dict[str, Any]:
        """Write the object form.

        Raises
        ------
        BpqlSyntaxError
            The query has no object form: it has ``*`` alone, a bare keyword, or a literal ``*``
            beside a wildcard.

        Examples
        --------
        >>> Bpql("host IN [a, /b+/]").to_object()
        {'IN': ['host', ['a', {'type': 'formal-regex', 'value': 'b+'}]]}
        """
        return to_object(self._tree)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the tags that the conditions use, in lower case and sorted.

        `mask` warns if a frame lacks one of them; see also `missing`.
        A bare keyword names no tag: see `has_keywords`.
        """
        tags = {node.tag.lower() for node in _leaves(self._tree) if isinstance(node, Condition)}
        return tuple(sorted(tags))

    @property
    def has_keywords(self) -> bool:
        """Whether a bare keyword makes the query look at every column."""
        return any(isinstance(node, Keyword) for node in _leaves(self._tree))

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that are not the defaults: ``Bpql(str(query), **query.settings)``."""
        return self._readings.changed()

    def mask(self, frame: Any) -> NDArray[np.bool_]:
        """Return, for each row, whether the query matches it.

        Parameters
        ----------
        frame
            A DataFrame, an Arrow table, or a mapping of names to arrays of equal length. Arrow
            dictionaries and categories are not decoded. A tag's column has its name, or that
            name with the prefix ``tag.``; a tag without a column is missing in every row, with
            a warning, and ``source_system`` falls back to ``app_key``.

        Returns
        -------
        numpy.ndarray
            Of ``bool``, one per row, in order.

        Raises
        ------
        EventError
            A tag could be any of several columns, or a column has cells without a text form.

        Warns
        -----
        UnknownFieldWarning
            The frame has rows, but no column for some tag; the message suggests the nearest names.

        Examples
        --------
        >>> Bpql("cluster != eu").mask({"cluster": ["eu", "us", None]})
        array([False,  True,  True])
        """
        columns = TagColumns(frame)
        self._warn_of_missing(columns)
        return evaluate(self._tree, columns, self._readings)

    def _warn_of_missing(self, columns: TagColumns) -> None:
        tags = {node.tag: None for node in _leaves(self._tree) if isinstance(node, Condition)}
        unknown = [tag for tag in tags if columns.rows and columns.find(tag) is None]
        if unknown:
            named = "; ".join(f"{tag!r} ({nearest(tag, columns.names)})" for tag in unknown)
            warnings.warn(
                f"the query looks at fields that the data does not have, so they are missing in "
                f"every row: {named}",
                UnknownFieldWarning,
                stacklevel=3,
            )

    def missing(self, frame: Any) -> tuple[str, ...]:
        """Return the tags of conditions for which a frame has no column.

        Parameters
        ----------
        frame
            As for `mask`.

        Examples
        --------
        >>> Bpql("host = a AND site = b").missing({"tag.host": ["a"]})
        ('site',)
        """
        columns = TagColumns(frame)
        return tuple(tag for tag in self.columns if columns.find(tag) is None)

    def __str__(self) -> str:
        return write(self._tree)

    def __repr__(self) -> str:
        settings = "".join(f", {name}={value!r}" for name, value in self.settings.items())
        return f"Bpql({str(self)!r}{settings})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Bpql):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        # The tree already reflects the precedence of AND and OR.
        settings = {**self.settings, "precedence": None}
        return self._meaning, tuple(sorted(settings.items(), key=lambda item: item[0]))


def _leaves(node: Node) -> Iterator[Node]:
    if isinstance(node, Group):
        for member in node.members:
            yield from _leaves(member)
    else:
        yield node
