"""What goes out, to whom, how often, and what is told when it fails."""

import base64
import copy
import http.client
import io
import logging
import math
import pickle
import ssl
from pathlib import Path
from unittest.mock import Mock

import pytest
import requests
import urllib3
from requests.exceptions import InvalidSchema

import pandakit as pk
from pandakit.errors import (
    AuthenticationError,
    OutcomeUnknownError,
    PermissionDeniedError,
    ProtocolError,
    RateLimitError,
    ServerError,
    SettingsError,
    TransportError,
)
from pandakit.redaction import Secret, redact
from pandakit.settings import read_token
from pandakit.transport import Call, Service, Session, TransportOptions
from tests.tokens import CANARY, FRESH, PASSWORD, WRONG
from tests.transport.clock import FakeClock
from tests.transport.fault_kinds import reset_before_any_byte, status
from tests.transport.faultserver import ALWAYS, CLOSE, Answer, FaultServer
from tests.transport.leaks import LogTrap, find_leaks
from tests.transport.operations import OPTIONS, session_for

TLS = Path(__file__).parent / "tls"
GET = Call("GET", "/x")


def tls_server(certificate: str) -> FaultServer:
    """Serve over TLS with one of the certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / certificate)
    return FaultServer(lambda request: Answer({}), tls=context)


# --- retries: the exact waits -------------------------------------------------------------


def test_backoff_doubles_up_to_thirty_seconds(server):
    """With full chance the waits are 1, 2, 4, 8 s, and more attempts reach 30 s and stay."""
    options = TransportOptions(attempts=8)
    server.plan("503", status(503), times=ALWAYS)
    with session_for(server, options=options) as session, pytest.raises(ServerError):
        session.send(GET)
    assert server.clock.waits == [1, 2, 4, 8, 16, 30, 30]


def test_jitter_is_full_but_never_spins(server):
    """Without chance each wait is the shortest, half a second; with half of it, half the bound."""
    server.plan("503", status(503), times=4)
    server.clock.chance = 0.0
    with session_for(server) as session:
        session.send(GET)
    assert server.clock.waits == [0.5] * 4


def test_retry_after_is_waited_for(server):
    """Retry-After: 3 means three seconds and a little chance, whatever the backoff says."""
    server.plan("429", status(429, Retry_After="3"), times=1)
    server.clock.chance = 0.5
    with session_for(server) as session:
        assert session.send(GET).attempts == 2
    assert server.clock.waits == [3.25]


def test_a_date_is_read_by_the_services_clock(server):
    """A Retry-After date counts from the answer's own Date, since our clock may be wrong."""
    from tests.transport.fault_kinds import dated

    server.plan("dated", dated, times=1)
    server.clock.chance = 0.0
    with session_for(server) as session:
        session.send(GET)
        assert session.server_time() == pytest.approx(1_700_000_600, abs=10)
    assert server.clock.waits == [3.0]


def test_a_long_retry_after_is_told_and_not_waited_for(server):
    """A Retry-After of a day raises at once, with the seconds on the error."""
    server.plan("day", status(429, Retry_After="86400"))
    patient = TransportOptions(total=1e6)
    with session_for(server, options=patient) as session, pytest.raises(RateLimitError) as caught:
        session.send(GET)
    assert caught.value.retry_after == 86400
    assert server.clock.waits == []


def test_the_error_tells_attempts_and_time(server):
    """After 429 for ever the message carries the count and the seconds."""
    server.plan("429", status(429), times=ALWAYS)
    with session_for(server) as session, pytest.raises(RateLimitError) as caught:
        session.send(GET)
    assert "5 attempts in 15.0 s" in str(caught.value)
    assert len(server.requests) == 5


def test_a_broken_service_fails_fast(server):
    """When every call fails, the shared budget empties and later calls are sent once."""
    server.plan("500", status(500), times=ALWAYS)
    sent = []
    with session_for(server, options=TransportOptions(retry_budget=10)) as session:
        for _ in range(6):
            before = len(server.requests)
            with pytest.raises(ServerError):
                session.send(GET)
            sent.append(len(server.requests) - before)
        server.heal()
        assert session.send(GET).status == 200
    assert sent == [5, 5, 3, 1, 1, 1]


def test_a_success_refills_the_budget(server):
    """One success pays for one repetition."""
    session = session_for(server, options=TransportOptions(retry_budget=2))
    server.plan("500", status(500), times=ALWAYS)
    with pytest.raises(ServerError, match="budget"):
        session.send(GET)
    server.heal()
    for _ in range(2):
        session.send(GET)
    server.plan("once more", status(500), at=server.served, times=1)
    assert session.send(GET).attempts == 2
    session.close()


# --- credentials and hosts ----------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/x",
        "http://127.0.0.1:9/x",
        "//elsewhere.example/x",
        "http://127.0.0.1.elsewhere.example/x",
        "http://user:pw@127.0.0.1/x",
        "https://127.0.0.1/x",
        "http://127.0.0.1:99999/x",
    ],
)
def test_the_token_goes_to_the_configured_host_only(server, url):
    """A link to another scheme, host or port is refused before anything is sent."""
    with session_for(server) as session, pytest.raises(ProtocolError, match="refused"):
        session.send(Call("GET", url))
    assert server.requests == []


def test_links_on_the_own_host_are_followed(server):
    """A path, an absolute link and a relative one arrive at the service."""
    with session_for(server) as session:
        for url in ("/a", "b", server.url + "/c"):
            session.send(Call("GET", url))
    assert [one.path for one in server.requests] == ["/a", "/b", "/c"]


def test_presigned_links_go_without_the_token(server):
    """An anonymous call may go elsewhere, and carries no credential at all."""
    with FaultServer(lambda request: Answer({})) as store, session_for(server) as session:
        session.send(Call("GET", f"{store.url}/file?signature={FRESH}", anonymous=True))
    assert "authorization" not in store.requests[0].headers


def test_a_presigned_link_is_a_secret():
    """Neither the DEBUG logs nor an error's excerpt repeat the signature of a presigned link."""
    echo = lambda request: Answer({"StringToSign": request.target}, 403)  # noqa: E731 - one line
    with FaultServer(echo) as store, session_for(store) as session, LogTrap() as logs:
        link = f"{store.url}/file?expires=9&signature={FRESH}&note=a b"
        with pytest.raises(PermissionDeniedError) as caught:
            session.send(Call("GET", link, anonymous=True))
    assert any("/file" in line for line in logs.lines)
    assert not find_leaks(caught.value.args, logs.lines)


def test_presigned_links_need_tls(server):
    """A presigned link over plain http to another machine is refused."""
    call = Call("GET", "http://elsewhere.example/file", anonymous=True)
    with session_for(server) as session, pytest.raises(ProtocolError, match="without TLS"):
        session.send(call)


@pytest.mark.parametrize("url", ["http://api.example.com", "ftp://127.0.0.1", "https://", "x"])
def test_plain_http_is_for_loopback_only(url):
    """A service without TLS is refused unless it runs on this machine."""
    with pytest.raises(SettingsError, match="https"):
        Session(Service("Test", url), Secret(CANARY))


def test_loopback_names_may_do_without_tls():
    """127.0.0.0/8, ::1 and localhost are this machine."""
    for host in ("127.0.0.1", "127.9.9.9", "[::1]", "localhost"):
        Session(Service("Test", f"http://{host}:1"), Secret(CANARY)).close()


def test_credentials_in_the_address_are_refused():
    """A base URL with a password in it is a settings error that does not repeat it."""
    with pytest.raises(SettingsError) as caught:
        Session(Service("Test", f"https://user:{PASSWORD}@api.example.com"), Secret(CANARY))
    assert PASSWORD not in str(caught.value)


def test_netrc_is_never_read(server, tmp_path, monkeypatch):
    """A netrc entry for the host does not replace the token, nor join an anonymous call."""
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login thief password {PASSWORD}")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with session_for(server) as session:
        session.send(GET)
        session.send(Call("GET", "/x", anonymous=True))
    assert server.requests[0].headers["authorization"] == f"Bearer {CANARY}"
    assert "authorization" not in server.requests[1].headers


def test_cookies_are_not_kept(server):
    """What one answer sets as a cookie is not sent with the next call."""
    server.plan("cookie", lambda *_: Answer({}, headers={"Set-Cookie": "a=b"}), good=True)
    with session_for(server) as session:
        session.send(GET)
        session.send(GET)
    assert "cookie" not in server.requests[1].headers


@pytest.mark.parametrize("certificate", ["expired.pem", "other-name.pem", "good.pem"])
def test_a_bad_certificate_fails_at_once(certificate, monkeypatch):
    """Expired, for another name, or by nobody we trust: one attempt, one clear error."""
    if certificate != "good.pem":
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(TLS / certificate))
    with tls_server(certificate) as server, session_for(server) as session:
        with pytest.raises(TransportError, match=r"certificate.*1 attempt ") as caught:
            session.send(GET)
        assert server.requests == []
    assert not find_leaks(caught.value)


def test_the_ca_bundle_of_the_environment_counts(monkeypatch):
    """With its authority in REQUESTS_CA_BUNDLE a private certificate is fine."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(TLS / "good.pem"))
    with tls_server("good.pem") as server, session_for(server) as session:
        assert session.send(GET).status == 200


def test_tls_that_breaks_is_tried_again(monkeypatch):
    """A TLS connection that breaks in the middle of the body is fetched anew."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(TLS / "good.pem"))
    with tls_server("good.pem") as server, session_for(server) as session:
        server.plan("T14", lambda _, answer: [answer.wire()[:-1], CLOSE])
        assert session.send(GET).attempts == 2
        assert server.unfired() == []


@pytest.mark.parametrize("answer", [status(407), lambda *_: Answer(body=b"<html>", status=502)])
def test_the_proxy_is_used_and_its_password_kept(server, monkeypatch, answer):
    """A proxy of the environment is asked, and neither password nor token is in its error."""
    with FaultServer(lambda request: Answer({}), FakeClock()) as proxy:
        proxy.plan("T15", answer, times=ALWAYS)
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:{PASSWORD}@127.0.0.1:{proxy.port}")
        service = Service("Test", "https://api.example.com")
        session = Session(service, Secret(CANARY), options=OPTIONS, clock=proxy.clock.clock)
        with LogTrap() as logs, session, pytest.raises(TransportError, match="proxy") as caught:
            session.send(GET)
        assert proxy.requests[0].method == "CONNECT"
    assert not find_leaks(caught.value, caught.value.__dict__, logs.lines)


def test_no_proxy_is_honoured(monkeypatch):
    """A host in NO_PROXY is asked directly."""
    service = Service("Test", "https://api.invalid")
    with FaultServer(lambda request: Answer({}), FakeClock()) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "api.invalid")
        session = Session(service, Secret(CANARY), options=OPTIONS, clock=proxy.clock.clock)
        with session, pytest.raises(TransportError, match=r"api\.invalid"):
            session.send(GET)
        assert proxy.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "https://x:abc", "https://x:99999", "https://x:0", "https://[bad", "https://:443",
        "https://a..b", f"https://{'a' * 64}.example.com", "https://a b", "https://a\\b",
        "https://a.example.com/ c", "https://a.example.com\n",
    ],
)  # fmt: skip
def test_a_malformed_address_is_said_at_once(url):
    """What is no port, no host or no address is a SettingsError before any request."""
    with pytest.raises(SettingsError, match=r"malformed|needs an https"):
        Session(Service("Test", url), Secret(CANARY))


@pytest.mark.parametrize("url", ["https://a.example.com?b=c", "https://a.example.com/#d"])
def test_an_address_has_no_query(url):
    """What would silently be dropped, or end up within other addresses, is refused."""
    with pytest.raises(SettingsError, match="no query or fragment"):
        Session(Service("Test", url), Secret(CANARY))


@pytest.mark.parametrize("url", ["https://[::1", "https://x:abc", "[", "https://a..b"])
def test_every_client_says_that_its_address_is_malformed(url):
    """No client lets an error of the standard library through."""
    clients = {
        "PANTHER_API_HOST": lambda: pk.Panther(url, CANARY),
        "BIGPANDA_BASE_URL": lambda: pk.BigPanda(CANARY, base_url=url),
        "PANGEA_BASE_URL_TEMPLATE": lambda: pk.Pangea(CANARY, base_url_template=url),
        "PANGEA_ARWEAVE_URL": lambda: pk.Pangea(CANARY, domain="example.com", arweave_url=url),
    }
    for make in clients.values():
        with pytest.raises(SettingsError, match=r"malformed|needs an https"):
            make()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("HTTPS_PROXY", "socks5://127.0.0.1:1", "SOCKS"),
        ("ALL_PROXY", "socks5h://127.0.0.1:1", "SOCKS"),
        ("HTTPS_PROXY", "gopher://127.0.0.1:1", "HTTPS_PROXY"),
        ("HTTPS_PROXY", "http://127.0.0.1:abc", "HTTPS_PROXY"),
        ("HTTPS_PROXY", "http://127.0.0.1:99999", "HTTPS_PROXY"),
        ("HTTPS_PROXY", "http://[bad", "HTTPS_PROXY"),
        ("HTTPS_PROXY", "http://:8080", "HTTPS_PROXY"),
        ("HTTPS_PROXY", "é://x", "HTTPS_PROXY"),
        ("ALL_PROXY", "http://two words", "ALL_PROXY"),
        ("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem", "REQUESTS_CA_BUNDLE"),
        ("CURL_CA_BUNDLE", "/nowhere/ca.pem", "CURL_CA_BUNDLE"),
    ],
)
def test_a_setting_of_the_environment_is_said_for_what_it_is(monkeypatch, name, value, words):
    """A proxy that can be none, SOCKS without its package, missing certificates: not retried."""
    monkeypatch.setattr("requests.adapters.SOCKSProxyManager", _no_socks)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.setenv(name, value)
    clock = FakeClock()
    session = Session(Service("Test", "https://api.invalid"), Secret(CANARY), clock=clock.clock)
    with session, pytest.raises(SettingsError, match=words) as caught:
        session.send(GET)
    assert clock.waits == []
    assert "1 attempt " in str(caught.value)


def test_a_socks_proxy_that_refuses_is_not_taken_for_the_service(monkeypatch):
    """The error says that it was the proxy, and trying again is safe and may help."""
    refusal = type("ProxyError", (OSError,), {"__module__": "socks"})("refused")
    broken = requests.exceptions.ConnectionError(urllib3.exceptions.NewConnectionError("c", "m"))
    broken.__cause__ = refusal
    monkeypatch.setattr("requests.Session.request", Mock(side_effect=broken))
    clock = FakeClock()
    session = Session(Service("Test", "https://api.invalid"), Secret(CANARY), clock=clock.clock)
    with session, pytest.raises(TransportError, match="the SOCKS proxy of the environment"):
        session.send(GET)
    assert len(clock.waits) == 4


def test_a_file_without_certificates_is_said_for_what_it_is(monkeypatch):
    """A `REQUESTS_CA_BUNDLE` that holds something else is a SettingsError, and not retried."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", __file__)
    with tls_server("good.pem") as server, session_for(server) as session:
        with pytest.raises(SettingsError, match="REQUESTS_CA_BUNDLE"):
            session.send(GET)
        assert server.clock.waits == []


def _no_socks(*_args, **_options):
    raise InvalidSchema("Missing dependencies for SOCKS support.")


def test_what_is_for_this_machine_passes_no_proxy(server, monkeypatch):
    """A token for a service on loopback, which needs no TLS, does not travel to a proxy."""
    with FaultServer(lambda request: Answer({})) as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        with session_for(server) as session:
            assert session.send(GET).status == 200
        assert proxy.requests == []
    assert len(server.requests) == 1


# --- tokens -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    ["", "   ", "k3y k3y", "a\nb", "a\tb", '"abcdef"', "'abcdef'", "tökenö", "a\x00b", "a\u2028b"],
)
def test_odd_tokens_are_refused_without_echo(bad):
    """Inner blanks, line breaks, quotes and other alphabets are refused; the token is not told."""
    with pytest.raises(SettingsError, match="TEST_TOKEN") as caught:
        read_token(bad, "TEST_TOKEN")
    assert not bad.strip() or bad not in str(caught.value)
    assert "abcdef" not in str(caught.value)


@pytest.mark.parametrize("around", ["Bearer {}", "Token token={}", "user:{}", "{}@", "xy{}z"])
def test_a_token_is_masked_within_base64(around):
    """What a gateway echoes of a header in base64 tells nothing of the token in it."""
    told = base64.b64encode(around.format(CANARY).encode()).decode()
    assert find_leaks(told)
    token = Secret(CANARY)
    assert not find_leaks(redact(told))
    del token


def test_surrounding_blanks_of_a_token_go():
    """The newline of a mounted secret does no harm."""
    assert read_token(f" {CANARY}\r\n", "TEST_TOKEN").reveal() == CANARY


def test_secrets_drop_out_of_copies():
    """A pickled or copied secret is empty and says so; its repr never tells."""
    secret = Secret(CANARY)
    for twin in (copy.copy(secret), copy.deepcopy(secret), pickle.loads(pickle.dumps(secret))):  # noqa: S301 - our own bytes
        with pytest.raises(TypeError, match="pickled or copied"):
            twin.reveal()
    assert not find_leaks(secret, pickle.dumps(secret, 0), f"{secret} {secret!r}")


def test_sessions_are_not_pickled(server):
    """A session refuses to be pickled, since it holds the token."""
    with session_for(server) as session, pytest.raises(TypeError, match="new client"):
        pickle.dumps(session)


def test_a_fresh_token_is_fetched_once(server):
    """With `refresh`, a 401 leads to one new token and the same call again."""
    server.plan("S10", status(401))
    with session_for(server, refresh=lambda: Secret(FRESH)) as session:
        assert session.send(GET).status == 200
    assert server.requests[-1].headers["authorization"] == f"Bearer {FRESH}"
    server.plan("S10 again", status(401), at=server.served, times=2)
    with (
        session_for(server, refresh=lambda: Secret(WRONG)) as session,
        pytest.raises(AuthenticationError),
    ):
        session.send(GET)


def test_hints_and_needs_are_told(server):
    """A 401 names what the call needs and how to set it."""
    server.plan("S9", status(401))
    call = Call("GET", "/x", needs="a User API Key")
    with session_for(server) as session, pytest.raises(AuthenticationError) as caught:
        session.send(call)
    assert "needs a User API Key" in str(caught.value)
    assert "Set TEST_TOKEN" in str(caught.value)


def test_a_login_page_is_told_without_the_token(server):
    """The excerpt of an HTML page that answers in the service's place has the token masked."""
    server.plan("S14", lambda *_: Answer(body=b"<title>Log in</title>" + CANARY.encode()))
    with session_for(server) as session, pytest.raises(ProtocolError, match="HTML") as caught:
        session.send(GET).json()
    assert "Log in" in str(caught.value)
    assert not find_leaks(caught.value)


def test_debugging_the_http_library_shows_no_token(server, monkeypatch, capsys):
    """Neither http.client's debug print nor any DEBUG log has the token in it."""
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    with LogTrap() as logs, session_for(server) as session:
        server.plan("X7", status(400, {"message": CANARY}))
        with pytest.raises(Exception, match="400"):
            session.send(GET)
        logging.getLogger("urllib3.connectionpool").warning("echo %s", CANARY)
    out = capsys.readouterr()
    assert logs.lines
    assert not find_leaks(out.out, out.err, logs.lines)


# --- writes, limits -----------------------------------------------------------------------


def test_a_write_is_not_repeated_when_its_answer_is_lost(server):
    """A POST that writes is sent once; the error says that its outcome is unknown."""
    server.plan("lost", reset_before_any_byte, times=ALWAYS)
    call = Call("POST", "/w", json={"a": 1}, repeatable=False)
    with session_for(server) as session, pytest.raises(OutcomeUnknownError, match="may or may not"):
        session.send(call)
    assert len(server.requests) == 1


def test_a_stream_is_opened_anew_for_every_attempt(server):
    """After a 503 the same bytes go out again, from the start."""
    opened = []

    def source():
        opened.append(io.BytesIO(b"k,v\n" * 5000))
        return opened[-1]

    server.plan("U3", status(503, Retry_After="1"))
    call = Call("POST", "/map", body=source, repeatable=False, total=math.inf)
    with session_for(server) as session:
        session.send(call)
    assert len(opened) == 2
    assert server.requests[0].body == server.requests[1].body == b"k,v\n" * 5000


def test_parameters_are_encoded_once(server):
    """Lists repeat their key, booleans are lower case, None is left out, text is encoded once."""
    params = {"severity": ["HIGH", "LOW"], "managed": True, "none": None, "q": 'a&b="ü"%20+'}
    with session_for(server) as session:
        session.send(Call("GET", "/x", params=params))
    assert server.requests[0].target == (
        "/x?severity=HIGH&severity=LOW&managed=true&q=a%26b%3D%22%C3%BC%22%2520%2B"
    )


def test_the_next_answer_is_not_polluted(server):
    """After an answer with surplus bytes the next call gets its own answer."""
    server.plan("T7", lambda _, answer: [answer.wire() + b"x" * 100_000])
    with session_for(server) as session:
        with pytest.raises(ProtocolError, match="longer than the 2 bytes"):
            session.send(GET)
        assert session.send(GET).json() == {}


def test_a_kept_connection_that_died_is_replaced(server):
    """When the service closed the idle connection, the next call opens another one."""
    server.plan("T12", lambda _, answer: [answer.wire(), CLOSE], good=True)
    with session_for(server) as session:
        first = session.send(GET)
        server.settle()  # the service's end is closed by now, and the client can know
        assert [first.attempts, session.send(GET).attempts] == [1, 1]
