"""Start and stop the three services."""

from __future__ import annotations

import secrets
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from pandakit.sandbox.bigpanda.server import BigPandaService
from pandakit.sandbox.control import Control
from pandakit.sandbox.draw import Draw
from pandakit.sandbox.limiter import Limiter
from pandakit.sandbox.organisation import REFERENCE_TIME, Organisation, build
from pandakit.sandbox.pangea.server import PangeaService
from pandakit.sandbox.panther.server import PantherService
from pandakit.sandbox.service import Served

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType
    from typing import Self

__all__ = ["Sandbox", "start"]

_MOST_BYTES = 524_288_000  # the service says 500 MB


class Sandbox:
    """The running services; a context manager that closes them.

    `start` makes it.

    Attributes
    ----------
    env
        The settings that point to it: environment variable -> value.
    urls
        Service -> its base URL.
    organisation
        The data that is served, as plain Python data.
    control
        Faults on demand, and the calls so far.
    now
        The fixed time of the sandbox.
    """

    def __init__(
        self,
        organisation: Organisation,
        control: Control,
        env: dict[str, str],
        services: dict[str, Served],
        folder: TemporaryDirectory[str],
        requests_per_second: float | None,
    ) -> None:
        self.organisation = organisation
        self.control = control
        self.now = organisation.now
        self.urls = {name: served.url for name, served in services.items()}
        self.env = env
        self._services = services
        self._folder = folder
        self._requests_per_second = requests_per_second
        self._clients: dict[str, Any] = {}

    def __repr__(self) -> str:
        urls = ", ".join(f"{name} at {url}" for name, url in self.urls.items())
        return f"<Sandbox: {urls}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def panther(self) -> Any:
        """A Panther client that is set up for this sandbox."""
        host, token = self.env["PANTHER_API_HOST"], self.env["PANTHER_API_TOKEN"]
        return self._client("Panther", host=host, token=token)

    @property
    def bigpanda(self) -> Any:
        """A BigPanda client that is set up for this sandbox."""
        return self._client(
            "BigPanda",
            api_key=self.env["BIGPANDA_API_KEY"],
            org_token=self.env["BIGPANDA_ORG_TOKEN"],
            base_url=self.env["BIGPANDA_BASE_URL"],
            rate=self._requests_per_second,
        )

    @property
    def pangea(self) -> Any:
        """A Pangea client that is set up for this sandbox."""
        return self._client(
            "Pangea",
            token=self.env["PANGEA_AUDIT_TOKEN"],
            base_url_template=self.env["PANGEA_BASE_URL_TEMPLATE"],
            config_id=self.env["PANGEA_AUDIT_CONFIG_ID"],
            arweave_url=self.env["PANGEA_ARWEAVE_URL"],
        )

    def _client(self, name: str, **settings: Any) -> Any:
        if name not in self._clients:
            client = getattr(import_module(f"pandakit.{name.lower()}"), name)  # loads on first use
            self._clients[name] = client(**settings)
            self._clients[name].is_sandbox = True
        return self._clients[name]

    def close(self) -> None:
        """Stop the servers and delete uploads; a second call does nothing."""
        for client in self._clients.values():
            client.close()
        for served in self._services.values():
            served.close()
        self._services = {}
        self._folder.cleanup()


def start(  # noqa: PLR0913 - each is one thing that a service may do
    seed: int = 0,
    *,
    awkward: bool = True,
    early_404: bool = True,
    now: datetime = REFERENCE_TIME,
    incidents: int = 2_000,
    audit_events: int = 3_000,
    within: int | None = None,
    loosened_rule: bool = False,
    requests_per_second: float | None = 5,
    most_results: int = 10_000,
    most_upload_bytes: int = _MOST_BYTES,
) -> Sandbox:
    """Return Panther, BigPanda and Pangea, running on loopback.

    Parameters
    ----------
    seed
        The same seed makes the same organisation and ids. Tokens are new at each start.
    awkward
        Whether to answer as awkwardly as the services may: empty pages in the middle, several
        forms of the end of a list, capitalised words, 202 before an answer.
    early_404
        Whether Pangea answers the first poll for a deferred result with 404, as it may.
    now
        The fixed time of the sandbox; zone-aware. Pass the current time so that spans that a client
        counts back from today find data.
    incidents, audit_events
        How many there are.
    within
        Seconds within which all incidents start, each on its own host; `None` spreads them over
        28 days.
    loosened_rule
        Whether the organisation has a story that runs through all three services: twelve days ago a
        Panther rule was loosened (the audit log has the change), its alerts rose, and BigPanda's
        incidents, to which they are forwarded, grew.
    requests_per_second
        BigPanda's limit for each endpoint, which the `bigpanda` client respects; `None` for no
        limit on either side, so that loads are as fast as possible.
    most_results
        The ceiling of a BigPanda search and of a Pangea search.
    most_upload_bytes
        Larger enrichment tables are refused.

    Returns
    -------
    Sandbox
        Running; close it, or use it as a context manager.

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=20, audit_events=20) as services:
    ...     sorted(services.urls), len(services.organisation.panther["rules"])
    (['bigpanda', 'pangea', 'panther'], 205)
    """
    organisation = build(
        seed,
        now=now,
        incidents=incidents,
        audit_events=audit_events,
        within=within,
        loosened_rule=loosened_rule,
    )
    control = Control()
    env = _settings(seed, now)
    folder = TemporaryDirectory(prefix="pandakit-sandbox-")
    bigpanda = BigPandaService(
        organisation,
        control,
        {"user": env["BIGPANDA_API_KEY"], "org": env["BIGPANDA_ORG_TOKEN"]},
        limiter=Limiter(requests_per_second, control.seconds),
        ceiling=most_results,
        folder=Path(folder.name),
        most_bytes=most_upload_bytes,
        awkward=awkward,
    )
    panther = PantherService(organisation, control, env["PANTHER_API_TOKEN"], awkward=awkward)
    token, config_id = env["PANGEA_AUDIT_TOKEN"], env["PANGEA_AUDIT_CONFIG_ID"]
    pangea = PangeaService(
        organisation,
        control,
        token,
        config_id,
        most_results=most_results,
        awkward=awkward,
        early_404=early_404,
    )
    served = {service.name: Served(service) for service in (panther, bigpanda, pangea)}
    env |= _addresses(served)
    return Sandbox(organisation, control, env, served, folder, requests_per_second)


def _addresses(served: dict[str, Served]) -> dict[str, str]:
    return {
        "PANTHER_API_HOST": served["panther"].url,
        "BIGPANDA_BASE_URL": served["bigpanda"].url,
        "PANGEA_BASE_URL_TEMPLATE": served["pangea"].url + "/{SERVICE_NAME}",
        "PANGEA_ARWEAVE_URL": served["pangea"].url + "/arweave",
    }


def _settings(seed: int, now: datetime) -> dict[str, str]:
    """Return settings with tokens that look like the services' own, new ones at each start."""
    draw = Draw(secrets.token_hex(), now)
    return {
        "PANTHER_API_TOKEN": draw.base32("sandbox-panther-"),
        "BIGPANDA_API_KEY": draw.base32("BPUsandbox"),
        "BIGPANDA_ORG_TOKEN": draw.base32("sandboxorg"),
        "PANGEA_AUDIT_TOKEN": draw.base32("pts_sandbox"),
        "PANGEA_AUDIT_CONFIG_ID": Draw(f"config {seed}", now).base32("pci_"),
    }
