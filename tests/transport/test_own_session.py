"""A `requests.Session` of the user's own: what it brings stays, what is ours holds."""

import ssl

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from pandakit.errors import OutcomeUnknownError, SettingsError, TransportError
from pandakit.transport import Call
from tests.tokens import CANARY, PASSWORD
from tests.transport.fault_kinds import reset_before_any_byte, status, trickling_body
from tests.transport.faultserver import ALWAYS, Answer, FaultServer, Tick
from tests.transport.operations import session_for

GET = Call("GET", "/x")


def test_a_session_of_ones_own_is_used(server):
    """A given requests.Session carries the calls, and stays open afterwards."""
    own = requests.Session()
    own.headers["X-Mine"] = "1"
    with session_for(server, session=own) as session:
        session.send(GET)
    assert server.requests[0].headers["x-mine"] == "1"
    assert own.get(server.url).status_code == 200
    own.close()


class OwnAdapter(HTTPAdapter):
    """An adapter as users write them: with connections and retries of its own."""

    def __init__(self):
        super().__init__(max_retries=Retry(3, status_forcelist=[500], allowed_methods=None))

    def init_poolmanager(self, *args, **options):
        """Bring a TLS context."""
        super().init_poolmanager(*args, ssl_context=ssl.create_default_context(), **options)


def endless_headers(_, __):
    """Give a header that never ends, a byte every five seconds."""
    yield b"HTTP/1.1 200 X\r\nX-Pad: "
    while True:
        yield Tick(5.0)
        yield b"x"


def own_session(*, mounted=True):
    """Make a session as users bring it."""
    own = requests.Session()
    if mounted:
        own.mount("http://", OwnAdapter())
    return own


@pytest.mark.parametrize("mounted", [True, False])
@pytest.mark.parametrize("fault", [trickling_body, endless_headers])
def test_the_total_deadline_holds_over_a_session_of_ones_own(server, fault, mounted):
    """A service that sends one byte now and then is cut off, whoever made the connections."""
    own = own_session(mounted=mounted)
    own.get(server.url)  # there is a connection already
    server.plan("T10", fault, at=1)
    with session_for(server, session=own) as session, pytest.raises(TransportError, match="total"):
        session.send(GET)
    assert own.get(server.url).status_code == 200
    own.close()


@pytest.mark.parametrize("fault", [reset_before_any_byte, status(500)])
def test_retries_of_ones_own_session_do_not_repeat_a_write(server, fault):
    """An adapter that repeats everything does not repeat our calls: a write goes out once."""
    server.plan("lost", fault, times=ALWAYS)
    own = own_session()
    call = Call("POST", "/w", json={"a": 1}, repeatable=False)
    with session_for(server, session=own) as session, pytest.raises(OutcomeUnknownError):
        session.send(call)
    assert len(server.requests) == 1
    with pytest.raises(requests.RequestException):
        own.get(server.url)
    assert len(server.requests) == 5
    own.close()


def test_the_total_deadline_holds_through_a_proxy_of_ones_own_session(server):
    """Connections through the proxy of a given session are watched too."""
    with FaultServer(lambda request: Answer({}), server.clock) as proxy:
        proxy.plan("T10", endless_headers)
        own = own_session(mounted=False)
        own.trust_env = False
        own.proxies = {"http": proxy.url}
        with session_for(server, session=own) as session, pytest.raises(TransportError) as caught:
            session.send(GET)
        own.close()
        assert "total deadline" in str(caught.value)
        assert proxy.unfired() == []
    assert server.requests == []


def test_a_session_of_ones_own_adds_no_credential_to_a_presigned_link(server):
    """What a given session sends with every call does not go to another host's link."""
    own = requests.Session()
    own.headers["Authorization"] = f"Bearer {PASSWORD}"
    with FaultServer(lambda request: Answer({})) as store, session_for(server, session=own) as made:
        made.send(Call("GET", store.url + "/file", anonymous=True))
        made.send(GET)
    assert "authorization" not in store.requests[0].headers
    assert server.requests[0].headers["authorization"] == f"Bearer {CANARY}"
    own.close()


def test_verification_cannot_be_switched_off(server):
    """A session with verify=False is refused."""
    own = requests.Session()
    own.verify = False
    with pytest.raises(SettingsError, match="verify"):
        session_for(server, session=own)
