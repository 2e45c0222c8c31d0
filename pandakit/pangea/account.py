"""One configuration of the audit log: how it is called, and the schema of its events."""

from __future__ import annotations

from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any

from pandakit.errors import PandakitError, ServiceWarning, UnknownFieldWarning
from pandakit.frames import build_frame
from pandakit.pangea.columns import (
    SCHEMA_COLUMNS,
    STANDARD_FIELDS,
    custom_fields,
    kinds_by_field,
)
from pandakit.pangea.service import ROW_CHECKS, read_result
from pandakit.transport import Call, Client, Listing, OneAnswer, loader, warn_user

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from pandakit.frames import Kind
    from pandakit.transport import Reply, StorePath

__all__ = ["Account"]

Row = dict[str, Any]

_TOKEN_NEEDED = "a token of the Secure Audit Log service"  # noqa: S105 - words, not a token


class Account(Client):
    """What every group of Pangea's methods needs: its calls, and the types of its fields."""

    _config_id: str | None
    _arweave_url: str
    _kinds: dict[str, Kind] | None  # the fields of a custom schema, once it was fetched

    @loader()
    def schema(
        self,
        *,
        max_rows: int | None = None,
        progress: bool | None = None,
        store: StorePath | None = None,
    ) -> pd.DataFrame:
        """Return the fields that events of this log may have.

        Parameters
        ----------
        max_rows
            Load at most this many rows; reaching the cap warns with `TruncatedWarning`.
        progress
            `True` or `False` forces or hides the progress line; `None` shows it in interactive
            sessions only.
        store
            Folder to keep the pages in; if the process dies, the same call resumes where it
            stopped.

        Returns
        -------
        pandas.DataFrame
            One row per field; `df.attrs["pandakit"]["schema"]` has the other members of the
            schema.

        Examples
        --------
        >>> from pandakit import sandbox
        >>> with sandbox.start(incidents=5, audit_events=5) as services:
        ...     schema = services.pangea.schema()
        >>> "actor" in set(schema["id"])
        True
        """
        rest: Row = {}

        def read_fields(reply: Reply) -> list[Row]:
            result = read_result(reply, "fields")
            rest.update({key: value for key, value in result.items() if key != "fields"})
            fields = [field for field in result["fields"] or [] if isinstance(field, dict)]
            self._kinds = kinds_by_field(fields)
            return fields

        return self._load(
            Listing(
                self._call("/v1/schema", {}),
                OneAnswer(read_fields, ROW_CHECKS["schema"]),
                "id",
                label="Pangea schema",
            ),
            partial(build_frame, columns=SCHEMA_COLUMNS),
            max_rows=max_rows,
            progress=progress,
            schema=rest,
        )

    def _identity(self) -> Row:
        return {**super()._identity(), "config_id": self._config_id}

    def _call(self, path: str, body: Row) -> Call:
        config = {} if self._config_id is None else {"config_id": self._config_id}
        return Call("POST", path, json={**body, **config}, endpoint=path, needs=_TOKEN_NEEDED)

    def _warn_of_unknown_fields(self, named: Iterable[str]) -> None:
        """Warn about fields that the schema does not have; it is fetched only for custom fields."""
        custom = [name for name in named if name not in STANDARD_FIELDS]
        if custom and self._kinds is None:
            self._fetch_schema()
        known = dict.fromkeys([*(self._kinds or ()), *STANDARD_FIELDS])
        unknown = [name for name in custom if self._kinds and name not in known]
        if unknown:
            shown = "; ".join(f"{name!r} ({_nearest(name, known)})" for name in unknown)
            warn_user(
                f"the search names fields that the schema of the log does not have: {shown}",
                UnknownFieldWarning,
            )

    def _fetch_schema_once(self, events: Any) -> None:
        """Fetch the schema as soon as events have fields that only the schema can type."""
        rows = [row for row in events if isinstance(row, dict)] if isinstance(events, list) else []
        if self._kinds is None and custom_fields(rows):
            self._fetch_schema()

    def _fetch_schema(self) -> None:
        try:
            self.schema()
        except PandakitError as error:
            self._kinds = {}
            warn_user(
                f"the schema could not be read, so custom fields keep their JSON types: {error}",
                ServiceWarning,
            )


def _nearest(name: str, known: Iterable[str]) -> str:
    names = [*known]
    near = get_close_matches(name.lower(), names, 3, 0.5)
    return f"nearest: {', '.join(near)}" if near else f"there is: {', '.join(names)}"
