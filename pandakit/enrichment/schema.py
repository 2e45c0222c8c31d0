"""The schema of a mapping enrichment: which columns are looked up, and which are written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

from pandakit.errors import EnrichmentError

__all__ = ["EnrichmentField", "EnrichmentSchema"]

QUERY: Final = "query_tag"
RESULT: Final = "result_tag"


@dataclass(frozen=True, slots=True)
class EnrichmentField:
    """One column of a mapping table.

    Parameters
    ----------
    title
        The column's title in the CSV file.
    type
        ``"query_tag"`` (looked up on the alert) or ``"result_tag"`` (written to it).
    tag_name
        The alert's tag, if it differs from the title.
    override_existing
        Whether a result overwrites a tag that the alert already has.
    optional
        Whether to skip a query column if the alert does not have the tag.

    Examples
    --------
    >>> EnrichmentField("Host name", "query_tag", tag_name="host").tag
    'host'
    """

    title: str
    type: Literal["query_tag", "result_tag"]
    tag_name: str | None = None
    override_existing: bool = False
    optional: bool = False

    @property
    def tag(self) -> str:
        """The alert tag behind the column."""
        return self.tag_name or self.title

    def to_api(self) -> dict[str, Any]:
        """Return the field as the service expects it, without its defaults."""
        options = {
            "tag_name": self.tag_name,
            "override_existing": self.override_existing,
            "optional": self.optional,
        }
        given = {key: value for key, value in options.items() if value}
        return {"title": self.title, "type": self.type, **given}


class EnrichmentSchema:
    """A mapping enrichment: its query columns, its result columns and their tags.

    Parameters
    ----------
    query_tags
        Titles of the columns whose values are looked up on the alert: one title, a
        sequence of titles, or a mapping from titles to tag names.
    result_tags
        Titles of the columns whose values are written to the alert, in the same forms.
    name
        The name of the enrichment.
    case_insensitive
        Whether the service ignores case when it compares query values.
    override_existing
        Titles of the result columns that overwrite a tag the alert already has; ``True`` for
        all.
    optional
        Titles of the query columns to skip if the alert does not have the tag; ``True`` for
        all.
    columns
        All titles in the order of the file; by default the query columns, then the result
        columns.
    when
        Which alerts to enrich: BPQL as text, or as the service's object.
    active
        Whether the enrichment is enabled.
    note
        A comment, kept by the service.
    schema_id
        The id of the enrichment, once the service has assigned one.

    Raises
    ------
    EnrichmentError
        There is no query or no result column, a title is repeated, two columns of one type
        have the same tag, or an option names an unknown column.

    Notes
    -----
    Source: "Create Mapping Enrichment Table" and "Mapping Enrichment Object".

    Examples
    --------
    >>> schema = EnrichmentSchema(["host"], ["owner", "tier"], name="owners")
    >>> schema.columns
    ('host', 'owner', 'tier')
    >>> EnrichmentSchema.from_api(schema.to_api()) == schema
    True
    >>> EnrichmentSchema({"Host name": "host"}, "owner").to_api()["config"]["fields"][0]
    {'title': 'Host name', 'type': 'query_tag', 'tag_name': 'host'}
    """

    def __init__(  # noqa: PLR0913 - the service's own settings, all but two with defaults
        self,
        query_tags: str | Iterable[str] | Mapping[str, str],
        result_tags: str | Iterable[str] | Mapping[str, str],
        *,
        name: str | None = None,
        case_insensitive: bool = False,
        override_existing: bool | Iterable[str] = False,
        optional: bool | Iterable[str] = False,
        columns: Iterable[str] | None = None,
        when: Any = None,
        active: bool = True,
        note: str | None = None,
        schema_id: str | None = None,
    ) -> None:
        query, result = _titles(query_tags), _titles(result_tags)
        _refuse_twice("column", [*query, *result])
        skipped = _chosen(optional, query, {**query, **result})
        written = _chosen(override_existing, result, result)
        found = {
            title: EnrichmentField(
                title,
                QUERY if title in query else RESULT,
                tag,
                override_existing=title in written,
                optional=title in skipped,
            )
            for title, tag in {**query, **result}.items()
        }
        self.columns = tuple(found if columns is None else columns)
        if Counter(self.columns) != Counter(list(found)):
            raise EnrichmentError("`columns` must name every query and result column once")
        self.fields = tuple(found[title] for title in self.columns)
        self.query = tuple(field for field in self.fields if field.type == QUERY)
        self.result = tuple(field for field in self.fields if field.type == RESULT)
        self.name, self.case_insensitive = name, case_insensitive
        self.when, self.active, self.note = when, active, note
        self.schema_id = schema_id
        _check(self)

    @classmethod
    def from_api(cls, obj: Mapping[str, Any]) -> Self:
        """Return the schema of an enrichment in the service's JSON.

        Parameters
        ----------
        obj
            The decoded object, of v2.1 or v1.0 (which calls the name ``map_name``), or only its
            ``config``. The order of the columns is kept; unknown keys are ignored.

        Raises
        ------
        EnrichmentError
            The object has no list of ``fields``, or a field has no title or an unknown type.

        Examples
        --------
        >>> schema = EnrichmentSchema.from_api({
        ...     "id": "e1", "type": "mapping",
        ...     "config": {"map_name": "owners", "fields": [
        ...         {"title": "owner", "type": "result_tag"},
        ...         {"title": "host", "type": "query_tag"}]}})
        >>> schema.name, schema.columns, schema.query[0].tag
        ('owners', ('owner', 'host'), 'host')
        """
        config = obj.get("config", obj) if isinstance(obj, Mapping) else None
        fields = config.get("fields") if isinstance(config, Mapping) else None
        if not isinstance(fields, list):
            raise EnrichmentError("not a mapping enrichment: `config.fields` is not a list")
        read = [_field(field, at) for at, field in enumerate(fields)]
        _refuse_twice("column", [field.title for field in read])
        return cls(
            {field.title: field.tag for field in read if field.type == QUERY},
            {field.title: field.tag for field in read if field.type == RESULT},
            name=config.get("name") or config.get("map_name"),
            case_insensitive=bool(config.get("case_insensitive", False)),
            override_existing=[f.title for f in read if f.override_existing and f.type == RESULT],
            optional=[field.title for field in read if field.optional],
            columns=[field.title for field in read],
            when=obj.get("when"),
            active=bool(obj.get("active", True)),
            note=obj.get("note"),
            schema_id=obj.get("id"),
        )

    def to_api(self, *, api_version: Literal["v2.1", "v1.0"] = "v2.1") -> dict[str, Any]:
        """Return the request body that creates this enrichment.

        Parameters
        ----------
        api_version
            ``"v2.1"``, or ``"v1.0"`` (which calls the name ``map_name``).

        Raises
        ------
        EnrichmentError
            `api_version` is neither of these.

        Examples
        --------
        >>> schema = EnrichmentSchema(["host"], ["owner"], name="owners")
        >>> sorted(schema.to_api()["config"])
        ['case_insensitive', 'fields', 'name']
        """
        names = {"v2.1": "name", "v1.0": "map_name"}
        if api_version not in names:
            raise EnrichmentError(f"api_version {api_version!r}: one of {', '.join(names)}")
        config: dict[str, Any] = {"fields": [field.to_api() for field in self.fields]}
        config["case_insensitive"] = self.case_insensitive
        if self.name is not None:
            config[names[api_version]] = self.name
        body = {"type": "mapping", "active": self.active, "config": config}
        given = {"when": self.when, "note": self.note}
        return body | {key: value for key, value in given.items() if value is not None}

    def _facts(self) -> tuple[Any, ...]:
        facts = (self.fields, self.name, self.case_insensitive, self.active, self.note)
        return (*facts, repr(self.when))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EnrichmentSchema) and self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash(self._facts())

    def __repr__(self) -> str:
        query = [field.title for field in self.query]
        result = [field.title for field in self.result]
        name = f", name={self.name!r}" if self.name else ""
        return f"EnrichmentSchema({query}, {result}{name})"


def _titles(tags: str | Iterable[str] | Mapping[str, str]) -> dict[str, str | None]:
    if isinstance(tags, str):
        return {tags: None}
    if isinstance(tags, Mapping):
        return {title: (tag if tag != title else None) for title, tag in tags.items()}
    titles = list(tags)
    _refuse_twice("column", titles)
    return dict.fromkeys(titles)


def _chosen(
    choice: bool | Iterable[str],  # noqa: FBT001 - the caller's own argument, passed on
    every: Iterable[str],
    known: Iterable[str],
) -> set[str]:
    if isinstance(choice, bool):
        return set(every) if choice else set()
    chosen = {choice} if isinstance(choice, str) else set(choice)
    if unknown := sorted(chosen - set(known)):
        raise EnrichmentError(f"no such column: {', '.join(map(repr, unknown))}")
    return chosen


def _field(field: Any, at: int) -> EnrichmentField:
    title = field.get("title") if isinstance(field, Mapping) else None
    if not isinstance(title, str) or field.get("type") not in (QUERY, RESULT):
        raise EnrichmentError(
            f"fields[{at}] needs a title and the type {QUERY!r} or {RESULT!r}: {field!r}"
        )
    tag = field.get("tag_name")
    if not isinstance(tag, (str, type(None))):
        raise EnrichmentError(f"fields[{at}] has a tag_name that is not text: {tag!r}")
    return EnrichmentField(
        title,
        field["type"],
        tag if tag != title else None,
        override_existing=bool(field.get("override_existing", False)),
        optional=bool(field.get("optional", False)),
    )


def _check(schema: EnrichmentSchema) -> None:
    for what, text in (("name", schema.name), ("note", schema.note)):
        if not isinstance(text, (str, type(None))):
            raise EnrichmentError(f"the {what} of a schema must be text: {text!r}")
    for title in schema.columns:
        if not isinstance(title, str) or not title.isprintable() or not title:
            raise EnrichmentError(f"a column title must be printable text: {title!r}")
    if not schema.query or not schema.result:
        raise EnrichmentError("a schema needs at least one query column and one result column")
    _refuse_twice("query tag", [field.tag for field in schema.query])
    _refuse_twice("result tag", [field.tag for field in schema.result])


def _refuse_twice(what: str, names: Iterable[str]) -> None:
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise EnrichmentError(f"a {what} is repeated: {', '.join(map(repr, twice))}")
