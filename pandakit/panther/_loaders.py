"""Panther's lists that need nothing but their row in the table: one method each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandakit.panther._lists import listing_of, to_frame
from pandakit.panther._resources import RESOURCES, to_params
from pandakit.transport import Client

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PantherLists"]


class PantherLists(Client):
    """The loaders of `Panther` that give one list as it stands."""

    def data_models(
        self, *, max_rows: int | None = None, progress: bool | None = None
    ) -> pd.DataFrame:
        """Load the data models: common names for the fields of log types.

        Parameters
        ----------
        max_rows, progress
            As in every loader.

        Returns
        -------
        pandas.DataFrame
            One row per data model. Needs the permission View Rules.
        """
        return self._list("data_models", {}, max_rows, progress)

    def globals(
        self, *, max_rows: int | None = None, progress: bool | None = None, **filters: Any
    ) -> pd.DataFrame:
        """Load the global helpers, which detections import.

        Parameters
        ----------
        max_rows, progress
            As in every loader.
        **filters
            `name_contains`, `created_by`, `last_modified_by`.

        Returns
        -------
        pandas.DataFrame
            One row per helper. Needs the permission View Rules or View Policies.
        """
        return self._list("globals", filters, max_rows, progress)

    def policies(
        self, *, max_rows: int | None = None, progress: bool | None = None, **filters: Any
    ) -> pd.DataFrame:
        """Load the policies: detections over cloud resources.

        Parameters
        ----------
        max_rows, progress
            As in every loader.
        **filters
            `name_contains`, `state` (enabled, disabled), `severity`, `tag`, `resource_type` (one
            or several each), `compliance_status` (PASS, FAIL, ERROR), `created_by`,
            `last_modified_by`.

        Returns
        -------
        pandas.DataFrame
            One row per policy; its compliance status is a filter, not a column. Needs the
            permission View Policies.
        """
        return self._list("policies", filters, max_rows, progress)

    def queries(self, *, max_rows: int | None = None, progress: bool | None = None) -> pd.DataFrame:
        """Load the saved and scheduled queries.

        Parameters
        ----------
        max_rows, progress
            As in every loader.

        Returns
        -------
        pandas.DataFrame
            One row per query; `schedule_...` is missing for those without schedule. Needs the
            permission Query Data Lake.
        """
        return self._list("queries", {}, max_rows, progress)

    def rules(
        self, *, max_rows: int | None = None, progress: bool | None = None, **filters: Any
    ) -> pd.DataFrame:
        """Load the rules: detections in Python over log events.

        Parameters
        ----------
        max_rows, progress
            As in every loader.
        **filters
            `name_contains`, `state` (enabled, disabled), `severity` (INFO, LOW, MEDIUM, HIGH,
            CRITICAL), `tag`, `log_type` (one or several each), `created_by`, `last_modified_by`.

        Returns
        -------
        pandas.DataFrame
            One row per rule. Needs the permission View Rules.
        """
        return self._list("rules", filters, max_rows, progress)

    def scheduled_rules(
        self, *, max_rows: int | None = None, progress: bool | None = None, **filters: Any
    ) -> pd.DataFrame:
        """Load the scheduled rules: detections over the results of queries.

        Parameters
        ----------
        max_rows, progress
            As in every loader.
        **filters
            As for `rules`, with `scheduled_query` in place of `log_type`.

        Returns
        -------
        pandas.DataFrame
            One row per rule. Needs the permission View Rules.
        """
        return self._list("scheduled_rules", filters, max_rows, progress)

    def simple_rules(
        self, *, max_rows: int | None = None, progress: bool | None = None, **filters: Any
    ) -> pd.DataFrame:
        """Load the simple rules: detections in YAML.

        Parameters
        ----------
        max_rows, progress
            As in every loader.
        **filters
            As for `rules`, and `include_python=True`, which fills `python_body`.

        Returns
        -------
        pandas.DataFrame
            One row per rule. Needs the permission View Rules.
        """
        return self._list("simple_rules", filters, max_rows, progress)

    def correlation_rules(
        self, *, max_rows: int | None = None, progress: bool | None = None, **filters: Any
    ) -> pd.DataFrame:
        """Load the correlation rules, which combine other detections.

        Parameters
        ----------
        max_rows, progress
            As in every loader.
        **filters
            As for `rules`, without `log_type`.

        Returns
        -------
        pandas.DataFrame
            One row per rule. Needs the permission View Rules, and an instance that has them
            (those on Databricks do not: an `InvalidRequestError` or `NotFoundError`).
        """
        return self._list("correlation_rules", filters, max_rows, progress)

    def users(
        self, *, max_rows: int | None = None, progress: bool | None = None, **filters: Any
    ) -> pd.DataFrame:
        """Load the users, those that are deactivated too.

        Parameters
        ----------
        max_rows, progress
            As in every loader.
        **filters
            `contains`, `email` (exact; the service then ignores the others), `id` (one or
            several), `status`, `include_deactivated` (default `True`; `False` for those that
            may log in).

        Returns
        -------
        pandas.DataFrame
            One row per user. Needs the permission Read User Info.
        """
        return self._list("users", filters, max_rows, progress)

    def roles(
        self, *, max_rows: int | None = None, progress: bool | None = None, **filters: Any
    ) -> pd.DataFrame:
        """Load the roles.

        Parameters
        ----------
        max_rows, progress
            As in every loader.
        **filters
            `name_contains`, `name` (exact; the service then ignores the others), `id` (one or
            several), `sort_dir` (asc, desc).

        Returns
        -------
        pandas.DataFrame
            One row per role. Needs the permission Read User Info.

        Warns
        -----
        PartialWarning
            When the service says that the list goes on: it gives no way to read the rest.
        """
        return self._list("roles", filters, max_rows, progress)

    def api_tokens(
        self, *, max_rows: int | None = None, progress: bool | None = None
    ) -> pd.DataFrame:
        """Load what is known of the API tokens; never the tokens themselves.

        Parameters
        ----------
        max_rows, progress
            As in every loader.

        Returns
        -------
        pandas.DataFrame
            One row per token. Needs the permission Read API Token Info.

        Warns
        -----
        PartialWarning
            When the service says that the list goes on: it gives no way to read the rest.
        """
        return self._list("api_tokens", {}, max_rows, progress)

    def _list(
        self,
        name: str,
        filters: dict[str, Any],
        max_rows: int | None,
        progress: bool | None,  # noqa: FBT001 - handed on from a keyword
    ) -> pd.DataFrame:
        resource = RESOURCES[name]
        return self._load(
            listing_of(resource, to_params(resource, filters)),
            to_frame(resource),
            max_rows=max_rows,
            progress=progress,
        )
