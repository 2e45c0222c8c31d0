"""The Pangea client: each method is the function of its topic's module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandakit.pangea import downloads, roots, searches
from pandakit.pangea.account import Account
from pandakit.pangea.service import base_url as _base_url, pangea_service
from pandakit.settings import find, read_token, require, token_reader
from pandakit.transport import Check, Session, checked_address

if TYPE_CHECKING:
    import requests

__all__ = ["Pangea"]

_ARWEAVE = "https://arweave.net"


class Pangea(Account):
    """A client of Pangea's Secure Audit Log.

    Parameters
    ----------
    token
        Service token. Default: the setting `PANGEA_AUDIT_TOKEN`.
    domain
        Such as `aws.us.pangea.cloud`. Default: the setting `PANGEA_DOMAIN`.
    base_url_template
        A URL with `{SERVICE_NAME}`, instead of the domain. Default: the setting
        `PANGEA_BASE_URL_TEMPLATE`.
    arweave_url
        The Arweave gateway for published roots. Default: the setting `PANGEA_ARWEAVE_URL`,
        or else `https://arweave.net`.
    config_id
        The configuration to use, for a token that has several. Default: the setting
        `PANGEA_AUDIT_CONFIG_ID`.
    session
        A `requests.Session` to send with (client certificates, adapters).
    progress
        `True` or `False` forces or hides the progress line of every loader; `None` shows it in
        interactive sessions only.

    Raises
    ------
    SettingsError
        If a setting is missing or malformed.

    Notes
    -----
    Every loader records how it was loaded in `df.attrs["pandakit"]`. Columns are declared: their
    names and dtypes do not depend on the rows. Fields of a custom schema follow, typed by that
    schema; a field whose name is already a column becomes `event_<name>`.

    Source: "Pangea API reference".

    Examples
    --------
    >>> Pangea("a-token", domain="aws.us.pangea.cloud")
    Pangea(Pangea at https://audit.aws.us.pangea.cloud, token from argument)

    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=50) as services:
    ...     events = services.pangea.search(start="2026-05-20", order="desc")
    ...     bool(events["received_at"].is_monotonic_decreasing), events["leaf_index"].dtype
    (True, Int64Dtype())
    """

    def __init__(
        self,
        token: str | None = None,
        *,
        domain: str | None = None,
        base_url_template: str | None = None,
        config_id: str | None = None,
        arweave_url: str | None = None,
        session: requests.Session | None = None,
        progress: bool | None = None,
    ) -> None:
        secret = require("PANGEA_AUDIT_TOKEN", token)
        del token  # tracebacks may show the locals
        service = pangea_service(_base_url(domain, base_url_template, secret))
        read = read_token(str(secret.value), secret.setting.name)
        super().__init__(
            Session(service, read, session=session, refresh=token_reader(secret)), secret, progress
        )
        self._config_id = find("PANGEA_AUDIT_CONFIG_ID", config_id).value
        arweave = find("PANGEA_ARWEAVE_URL", arweave_url).value or _ARWEAVE
        checked_address("Arweave", arweave)
        self._arweave_url = arweave.rstrip("/")
        self._kinds = None

    def check(self) -> Check:
        """Return the result of one cheap authorised call: reading the schema.

        Returns
        -------
        Check
            The service, the setting with the token, and the number of fields.

        Raises
        ------
        AuthenticationError
            If the token is refused.

        Examples
        --------
        >>> from pandakit import sandbox
        >>> with sandbox.start(incidents=5, audit_events=5) as services:
        ...     answer = services.pangea.check()
        >>> answer.service
        'Pangea sandbox'
        """
        return self._checked(f"a schema of {len(self.schema(progress=False))} fields")

    # A method's first parameter is the client, wherever it is defined: one module for each topic,
    # and this class is their table of contents.
    search = searches.search
    results = searches.results
    download = downloads.download
    root = roots.root
    # Last, because in this class this name no longer means the module.
    roots = roots.roots
