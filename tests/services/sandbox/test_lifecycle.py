"""Starting, stopping and steering the sandbox."""

import ast
import gc
import subprocess
import sys
import threading

import pytest
import requests

from pandakit import sandbox
from pandakit.settings import SETTINGS
from tests.transport.clock import FakeClock


def test_the_environment_names_are_the_settings_of_pandakit(ask):
    """`env` gives known settings only, one value each, and points at loopback."""
    env = ask.services.env
    assert set(env) < set(SETTINGS)
    assert len(set(env.values())) == len(env)
    assert env["PANGEA_BASE_URL_TEMPLATE"].endswith("/{SERVICE_NAME}")
    for url in ask.services.urls.values():
        assert url.startswith("http://127.0.0.1:")


def test_tokens_are_new_at_each_start():
    """Nobody can guess the tokens of a sandbox that runs, and they do not show in its repr."""
    with sandbox.start(4, incidents=1, audit_events=1) as one:
        with sandbox.start(4, incidents=1, audit_events=1) as two:
            names = [name for name in one.env if "TOKEN" in name or "KEY" in name]
            assert not {one.env[name] for name in names} & {two.env[name] for name in names}
            assert one.urls != two.urls
        assert not any(one.env[name] in repr(one) for name in names)


def test_closing_gives_everything_back(tmp_path, monkeypatch):
    """After close no thread, no port and no file is left, and a second close does nothing."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = threading.active_count()
    services = sandbox.start(incidents=1, audit_events=1)
    url = services.urls["panther"] + "/rules"
    assert requests.get(url, timeout=10).status_code == 401
    assert list(tmp_path.iterdir())
    services.close()
    services.close()
    gc.collect()  # a forgotten socket would warn here
    assert threading.active_count() == before
    assert not list(tmp_path.iterdir())
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=10)


@pytest.mark.parametrize(("rate", "least", "most"), [(None, 0, 0), (2, 4.5, 6)])
def test_the_client_keeps_to_the_limit_of_its_sandbox(rate, least, most):
    """Ten calls take their time at the limit of the sandbox, and none when it has no limit."""
    clock = FakeClock()
    with sandbox.start(incidents=1, audit_events=1, requests_per_second=rate) as services:
        services.control.clock = clock.monotonic
        for session in services.bigpanda._sessions.values():
            session.clock = clock.clock
        for _ in range(10):
            services.bigpanda.environments()
        statuses = {call.status for call in services.control.calls}
    assert statuses == {200}
    assert least <= clock.total_wait() <= most


def test_the_services_say_the_sandboxs_time(ask):
    """The Date header is `now`, which stands still."""
    answer = requests.get(ask.services.urls["bigpanda"], timeout=10)
    assert answer.headers["Date"] == "Mon, 01 Jun 2026 12:00:00 GMT"


def test_planned_answers_and_lost_pages_happen_as_planned(fresh):
    """A planned answer comes so many times; a lost page has no rows, but keeps its place."""
    control = fresh.services.control
    control.answer(
        "panther", "^/rules$", 502, "<html>", content_type="text/html", headers={"X": "1"}, times=2
    )
    answers = [fresh.panther("/rules") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [502, 502, 200]
    assert answers[0].headers["X"] == "1"
    control.lose_page("bigpanda", "/incidents$", 2)
    pages = [fresh.bigpanda(fresh.environment(), page=n).json() for n in (1, 2, 3)]
    assert [len(page["items"]) for page in pages] == [10, 0, 10]
    assert {page["total"] for page in pages} == {30}
    control.lose_page("panther", "^/policies$", 1)
    assert fresh.panther("/policies", limit=10).json().keys() == {"next"}
    control.lose_page("pangea", "/results$", 2)
    search = fresh.pangea("search", query="", limit=5).json()["result"]
    lost = fresh.pangea("results", id=search["id"], offset=5, limit=5).json()["result"]
    assert (lost["events"], lost["count"]) == ([], search["count"])
    control.clear()
    assert fresh.panther("/policies").json()["results"]


def test_calls_are_written_down_without_tokens(fresh):
    """`control.calls` lists service, method, path, query and status of each request."""
    fresh.panther("/rules", limit=3)
    fresh.bigpanda("/nowhere")
    calls = fresh.services.control.calls
    assert [(c.service, c.method, c.path, c.query, c.status) for c in calls] == [
        ("panther", "GET", "/rules", "limit=3", 200),
        ("bigpanda", "GET", "/nowhere", "", 404),
    ]
    secrets = [v for k, v in fresh.services.env.items() if "TOKEN" in k or "KEY" in k]
    assert not any(secret in repr(calls) for secret in secrets)


def test_many_threads_may_ask_at_once(fresh):
    """Thirty threads each get the whole answer."""
    found = []

    def ask_once():
        found.append(len(fresh.panther("/queries").json()["results"]))

    threads = [threading.Thread(target=ask_once) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [100] * 30


def test_the_servers_share_nothing_with_the_clients():
    """Starting the sandbox loads neither adapters nor transport: it is the other side."""
    code = (
        "import sys; from pandakit import sandbox\n"
        "sandbox.start(incidents=1, audit_events=1).close()\n"
        "print([m for m in sys.modules if m.startswith('pandakit.') and 'sandbox' not in m])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # Of the package: its errors, what they stand on, and the check that this is no browser.
    allowed = {f"pandakit.{name}" for name in ("errors", "redaction", "tracebacks", "browser")}
    assert set(ast.literal_eval(done.stdout)) <= allowed


def test_only_names_of_this_machine_are_answered(ask):
    """A page that points its own name at loopback (DNS rebinding) gets a refusal, and no data."""
    for url in ask.services.urls.values():
        for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", ""):
            assert requests.get(url, headers={"Host": host}, timeout=10).status_code in {400, 403}
        assert requests.get(url, headers={"Host": "localhost:1"}, timeout=10).status_code != 403


@pytest.mark.parametrize(
    "body",
    [
        *(b"[]", b"7", b"null", b'"a"', b"{", b"[" * 9999, b'{"alerts": [7]}', b"\xff"),
        *(
            b'{"id": "\\ud800", "body": "X=1", "severity": "LOW"}',
            b'{"config_id": {}}',
            b'{"config_id": []}',
            b"NaN",
        ),
    ],
)
def test_a_body_that_is_no_object_is_refused_in_silence(ask, capfd, body):
    """Any JSON but an object is 400 (no crash), and nothing is written to the terminal."""
    env, urls = ask.services.env, ask.services.urls
    graphql = requests.post(f"{env['PANGEA_ARWEAVE_URL']}/graphql", data=body, timeout=10)
    assert graphql.status_code == 400
    made = requests.post(
        f"{urls['panther']}/rules",
        data=body,
        headers={"X-API-Key": env["PANTHER_API_TOKEN"], "Content-Type": "application/json"},
        timeout=10,
    )
    assert made.status_code == 400
    calls = {
        f"{urls['bigpanda']}/data/v2/alerts": env["BIGPANDA_ORG_TOKEN"],
        f"{urls['bigpanda']}/resources/v2.1/mapping-enrichment": env["BIGPANDA_API_KEY"],
        f"{urls['pangea']}/audit/v1/search": env["PANGEA_AUDIT_TOKEN"],
    }
    for url, token in calls.items():
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        answer = requests.post(url, data=body, headers=headers, timeout=10)
        assert answer.status_code == 400, (url, answer.text)
    assert capfd.readouterr() == ("", "")
