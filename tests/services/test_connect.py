"""`connect`: real clients where there are settings, the sandbox only where that is safe."""

import builtins
import traceback
from pathlib import Path

import pytest

import pandakit as pk
from pandakit.bigpanda import BigPanda
from pandakit.connection import connect
from pandakit.pangea import Pangea
from pandakit.panther import Panther
from tests.services.conftest import hurried
from tests.tokens import BIGPANDA_USER, CANARY, MARK, PANGEA, PANTHER

SERVICES = ("panther", "bigpanda", "pangea")
SETTINGS = {
    "panther": {"PANTHER_API_HOST": "api.acme.net", "PANTHER_API_TOKEN": PANTHER},
    "bigpanda": {"BIGPANDA_API_KEY": BIGPANDA_USER},
    "pangea": {"PANGEA_AUDIT_TOKEN": PANGEA, "PANGEA_DOMAIN": "aws.us.pangea.cloud"},
}


@pytest.fixture
def configured(monkeypatch):
    """Set everything that the named services need."""

    def configure(*names):
        for name in names:
            for setting, value in SETTINGS[name].items():
                monkeypatch.setenv(setting, value)

    return configure


def test_without_settings_all_three_are_the_sandbox():
    """No settings at all: every client is the sandbox's, and says so in repr, check and attrs."""
    with connect() as services:
        for name in SERVICES:
            client = getattr(services, name)
            assert "sandbox" in repr(client)
            assert "sandbox" in str(client.check())
        source = services.panther.roles().attrs["pandakit"]["source"]
        assert source == "Panther sandbox"
        assert repr(services) == "Connection(panther: sandbox, bigpanda: sandbox, pangea: sandbox)"


@pytest.mark.parametrize("real", SERVICES)
def test_one_service_with_settings_and_the_others_are_errors(configured, real):
    """As soon as one service has settings, the others raise: no fake gets an upload."""
    configured(real)
    with connect() as services:
        assert "sandbox" not in repr(getattr(services, real))
        for name in set(SERVICES) - {real}:
            with pytest.raises(pk.SettingsError, match="is not set"):
                getattr(services, name)
        assert "sandbox" not in repr(services)


@pytest.mark.parametrize(
    "name", ["PANTHER_API_HOST", "BIGPANDA_ORG_TOKEN", "BIGPANDA_REGION", "PANGEA_AUDIT_CONFIG_ID"]
)
def test_any_setting_counts(monkeypatch, name):
    """A single setting, even one that is not enough, keeps the sandbox away in `auto`."""
    monkeypatch.setenv(name, "us")
    with connect() as services:
        assert "sandbox" not in repr(services)


def test_missing_mixes(configured):
    """`"missing"` gives the sandbox for the services without settings, and those only."""
    configured("bigpanda")
    with connect("missing") as services:
        assert type(services.bigpanda) is BigPanda
        assert "api.bigpanda.io" in repr(services.bigpanda)
        assert repr(services) == "Connection(panther: sandbox, bigpanda: set, pangea: sandbox)"
        assert "sandbox" in repr(services.panther)


def test_never_is_never():
    """`"never"` raises for every service that has no settings."""
    with connect("never") as services:
        for name in SERVICES:
            with pytest.raises(pk.SettingsError):
                getattr(services, name)


def test_always_is_always(configured):
    """`"always"` gives the sandbox although there are settings."""
    configured(*SERVICES)
    with connect("always") as services:
        assert [type(getattr(services, name)) for name in SERVICES] == [Panther, BigPanda, Pangea]
        assert all("sandbox" in repr(getattr(services, name)) for name in SERVICES)


def test_another_mode_is_refused():
    """An unknown mode is a ValueError with the known ones."""
    with pytest.raises(ValueError, match="auto, missing, never, always"):
        connect("sometimes")


def test_no_token_in_any_repr(configured):
    """Neither the connection's repr nor a client's shows a token."""
    configured(*SERVICES)
    with connect() as services:
        shown = repr(services) + "".join(repr(getattr(services, name)) for name in SERVICES)
    assert MARK not in shown


def test_clients_are_made_once_and_on_first_use(monkeypatch):
    """Nothing is started before it is asked for, and the same client comes each time."""
    started = []
    real = pk.sandbox.start
    monkeypatch.setattr("pandakit.sandbox.start", lambda: started.append(1) or real(incidents=5))
    with connect() as services:
        assert started == []
        assert services.panther is services.panther
        assert services.bigpanda is services.bigpanda
        assert started == [1]


def test_after_the_end_the_sandbox_is_gone():
    """Leaving the block stops the servers."""
    with connect() as services:
        client = services.panther
    hurried(client)
    with pytest.raises(pk.TransportError):
        client.roles()


def test_a_missing_extra_is_named(monkeypatch):
    """Without werkzeug the error names it and the extra that brings it."""
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name == "pandakit.sandbox":
            raise ModuleNotFoundError("no werkzeug", name="werkzeug")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    services = connect()
    with pytest.raises(pk.SettingsError, match=r"werkzeug.*pandakit\[sandbox\]"):
        _ = services.panther


@pytest.mark.parametrize(
    "make",
    [
        lambda token: pk.Panther("http://example.com", token),
        lambda token: pk.Panther("https://example.com", token + "é"),
        lambda token: pk.BigPanda(token, token, region="moon"),
        lambda token: pk.BigPanda(token, token, base_url="http://example.com"),
        lambda token: pk.Pangea(token, domain="a/b"),
        lambda token: pk.Pangea(token, base_url_template="ftp://example.com"),
    ],
)
def test_a_client_that_cannot_be_made_shows_no_token(make):
    """The traceback of a failed constructor can be drawn with all locals, and has no token."""
    with pytest.raises(pk.SettingsError) as caught:
        make(CANARY)
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    home = str(Path(pk.__file__).parent)
    ours = [frame.locals for frame in told.stack if frame.filename.startswith(home)]
    assert ours
    assert MARK not in str(ours)


def test_after_close_every_call_says_so_at_once():
    """A closed connection and its clients raise without a request, and start no new sandbox."""
    services = connect("always")
    clients = [getattr(services, name) for name in SERVICES]
    services.close()
    for name, client in zip(SERVICES, clients, strict=True):
        with pytest.raises(pk.TransportError, match=r"connection is closed: call .*connect\(\)"):
            getattr(services, name)
        with pytest.raises(pk.TransportError, match="client is closed: make a new one"):
            client.check()
    assert services._sandbox is None


def test_cards_of_connection_and_clients_say_which_is_which(configured):
    """In a notebook, both name the service, where its settings come from, and never a token."""
    configured("panther")
    with connect() as services:
        card = services._repr_html_()
        assert "PANTHER_API_HOST from environment, PANTHER_API_TOKEN from environment" in card
        assert "<td>bigpanda</td><td>no settings</td><td></td>" in card
        client = services.panther._repr_html_()
        assert "Panther at https://api.acme.net" in client
        assert "PANTHER_API_TOKEN from environment" in client
        assert "rules" in client
        assert MARK not in card + client
    assert "Services, closed" in services._repr_html_()
    assert "<td>pangea</td><td>sandbox</td>" in connect("always")._repr_html_()
