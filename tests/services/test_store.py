"""`store=FOLDER`: pages are kept, and a load goes on where its process died."""

import multiprocessing
import random
import shutil
import time
import warnings
from datetime import date, timedelta

import pandas as pd
import pytest

import pandakit as pk
from pandakit import sandbox
from pandakit.bigpanda import BigPanda
from pandakit.files import atomic_write
from pandakit.panther import Panther
from pandakit.transport import Session, store as store_module
from pandakit.transport.store import StoredLoad
from tests.fuzz import FULL
from tests.services.conftest import bigpanda_of, told
from tests.services.killed import LOADS, load, load_and_tell, pangea_of, panther_of
from tests.services.test_pangea_search import START, FakeLog, loaded, numbered
from tests.tokens import FRESH, PANTHER, holds_token

KILLS = 70 if FULL else 4  # of each of three loads
ALL = "All Incidents"
# A child that starts from one which has the imports starts at once.
CHILDREN = multiprocessing.get_context("forkserver")
CHILDREN.set_forkserver_preload(["tests.services.killed", "pyarrow.parquet"])


@pytest.fixture(scope="module")
def running():
    """A sandbox with lists of several pages."""
    with sandbox.start(incidents=280, audit_events=2_500, requests_per_second=None) as services:
        yield services


def pages(running):
    """Count the requests, without those that ask whether an answer is ready, or for the time."""
    paths = [call.path for call in running.control.calls if "/request/" not in call.path]
    return sum(not path.endswith(("/environments", "/schema")) for path in paths)


@pytest.fixture(scope="module")
def undisturbed(running, tmp_path_factory):
    """The frame of each load, its seconds and its requests."""
    found = {}
    for name in LOADS:
        running.control.clear()
        started = time.monotonic()
        frame = load(name, running.env, tmp_path_factory.mktemp(name))
        found[name] = frame, time.monotonic() - started, pages(running)
    return found


def same(one, other):
    """Compare two frames cell by cell, whatever order further columns have."""
    pd.testing.assert_frame_equal(one[sorted(one)], other[sorted(other)])


@pytest.mark.parametrize("name", LOADS)
def test_a_load_that_was_killed_goes_on(running, undisturbed, tmp_path, name):
    """After kill -9 at any moment the frame is that of an undisturbed load, by one more request.

    That one was under way, or its page not yet kept, when the process was killed.
    """
    whole, seconds, requests = undisturbed[name]
    resumed = 0
    moments = random.Random(name)
    for kill in range(KILLS):
        folder, ready = tmp_path / str(kill), CHILDREN.Event()
        running.control.clear()
        child = CHILDREN.Process(target=load_and_tell, args=(name, running.env, folder, ready))
        child.start()
        # Before the last request is sent, the first page is kept.
        page = moments.randrange(requests) if kill else requests - 1
        while ready.wait(60) and pages(running) < page and child.is_alive():
            time.sleep(0.0005)
        time.sleep(moments.uniform(0, seconds / requests) if kill else 0)
        child.kill()
        child.join()
        was_finished = any(folder.rglob("finished"))
        frame = load(name, running.env, folder)
        same(frame, whole)
        assert was_finished or pages(running) <= requests + 1
        resumed += told(frame)["store"] == "resumed"
        shutil.rmtree(folder)
    assert resumed


def test_processes_that_share_a_folder_do_not_harm_each_other(running, undisturbed, tmp_path):
    """Three processes ask the same at once, one of them is killed: all frames are whole."""
    whole = undisturbed["alerts"][0]
    ready, paths = CHILDREN.Event(), [tmp_path / "1", tmp_path / "2", None]
    store = tmp_path / "store"
    for _ in range(2):  # the second time they begin another load, and remove the first
        children = [
            CHILDREN.Process(target=load_and_tell, args=("alerts", running.env, store, ready, path))
            for path in paths
        ]
        for child in children:
            child.start()
        assert ready.wait(60)
        children[2].kill()
        for child in children:
            child.join()
        assert [child.exitcode for child in children[:2]] == [0, 0]
        for path in paths[:2]:
            same(pk.load(path), whole)
    same(load("alerts", running.env, store), whole)


@pytest.fixture
def broken_off(running, tmp_path):
    """A folder in which a load stopped after three of its pages."""
    running.control.answer("panther", "/rules$", 403, after=3)
    with panther_of(running.env) as client, pytest.raises(pk.PermissionDeniedError):
        client.rules(store=tmp_path)
    running.control.clear()
    return tmp_path


def rules(running, folder=None):
    """Load the rules with a new client, as a new process does."""
    with panther_of(running.env) as client:
        return client.rules(store=folder)


def test_attrs_tell_what_came_from_the_store(running, broken_off):
    """The rest is requested once; then all of it again, since Panther cannot say what changed."""
    whole = rules(running)
    frame = rules(running, broken_off)
    same(frame, whole)
    assert (told(frame)["store"], told(frame)["rows_from_store"]) == ("resumed", 200)
    assert told(frame)["requests"] == told(whole)["requests"] - 3
    again = rules(running, broken_off)
    same(again, whole)
    assert (told(again)["store"], told(again)["rows_from_store"]) == ("everything again", 0)
    assert "store" not in told(whole)


def truncate(content):
    """Cut a file in the middle."""
    return content[: len(content) // 2]


def flip(content):
    """Change one bit of the last byte."""
    return content[:-1] + bytes([content[-1] ^ 1])


@pytest.mark.parametrize("damage", [truncate, flip, lambda content: b""])
def test_a_damaged_file_is_asked_for_again(running, broken_off, damage):
    """Whatever is done to the files of a store, the frame is the same."""
    whole = rules(running)
    files = sorted(broken_off.rglob("*.reply"))
    assert len(files) == 3
    for path in broken_off.glob("*/account"):
        path.write_bytes(damage(path.read_bytes()))
    for path in files[::2]:
        path.write_bytes(damage(path.read_bytes()))
    files[1].rename(files[1].with_name("0" * 64 + "-0.reply"))
    with pytest.warns(pk.StoreWarning, match="3 damaged files"):
        same(rules(running, broken_off), whole)


@pytest.mark.parametrize("damage", [truncate, flip])
def test_a_damaged_result_is_loaded_again(running, tmp_path, damage):
    """The frame that would be brought up to date counts as missing when it is damaged."""
    with bigpanda_of(running) as client:
        whole = client.incidents(ALL, store=tmp_path)
        [path] = tmp_path.rglob("result.parquet")
        path.write_bytes(damage(path.read_bytes()))
        with pytest.warns(pk.StoreWarning, match="1 damaged files"):
            frame = client.incidents(ALL, store=tmp_path)
    same(frame, whole)
    assert told(frame)["store"] == "everything again"


def test_a_page_that_cannot_be_read_is_not_kept(running, tmp_path):
    """A broken page is an error once; the same call then gets it from the service."""
    running.control.answer("panther", "/rules$", 200, "<html>maintenance</html>", after=2)
    with panther_of(running.env) as client, pytest.raises(pk.ProtocolError):
        client.rules(store=tmp_path)
    frame = rules(running, tmp_path)
    assert told(frame)["rows_from_store"] == 100
    same(frame, rules(running))


@pytest.mark.parametrize("status", [400, 404, 410])
def test_pages_that_lead_nowhere_are_left(running, broken_off, status):
    """When the service no longer knows the kept cursor, the list is loaded from the start."""
    running.control.answer("panther", "/rules$", status)
    frame = rules(running, broken_off)
    same(frame, rules(running))
    assert (told(frame)["store"], told(frame)["rows_from_store"]) == ("everything again", 0)
    running.control.answer("panther", "/rules$", status)
    with panther_of(running.env) as client, pytest.raises(pk.PandakitError):
        client.rules(store=broken_off, severity="HIGH")  # of nothing that was kept


def test_resume_finishes_the_load_in_the_store(running, tmp_path):
    """After `error.resume()` the load is finished: the next call begins another one."""
    running.control.answer("panther", "/rules$", 403, after=3)
    with panther_of(running.env) as client:
        with pytest.raises(pk.PermissionDeniedError) as caught:
            client.rules(store=tmp_path)
        assert len(caught.value.partial) == 200
        frame = caught.value.resume()
    same(frame, rules(running))
    assert (told(frame)["store"], told(frame)["rows_from_store"]) == ("new", 0)
    assert told(rules(running, tmp_path))["store"] == "everything again"


def test_an_interrupted_load_is_resumed_or_called_again(running, tmp_path, monkeypatch):
    """Ctrl-C keeps the pages so far, for `resume()` and for the next process."""
    send = Session.send
    count = iter(range(100))

    def send_until_ctrl_c(self, call, progress=None):
        if next(count) == 2:
            raise KeyboardInterrupt
        return send(self, call, progress)

    monkeypatch.setattr(Session, "send", send_until_ctrl_c)
    with panther_of(running.env) as client:
        with pytest.raises(KeyboardInterrupt) as caught:
            client.rules(store=tmp_path / "one")
        shutil.copytree(tmp_path / "one", tmp_path / "two")
        frame = caught.value.resume()
    assert told(frame)["store"] == "new"
    again = rules(running, tmp_path / "two")
    same(again, frame)
    assert (told(again)["store"], told(again)["rows_from_store"]) == ("resumed", 100)


MOVES = (("update", 3), ("resolve", 0), ("resolve", 7), ("reopen", 50), ("add", 0))


@pytest.mark.parametrize("options", [{}, {"folder": "active"}, {"start": "2026-05-20"}])
@pytest.mark.parametrize("name", ["incidents", "alerts"])
def test_only_what_changed_is_requested(tmp_path, name, options):
    """The second load of BigPanda's incidents requests few pages, and equals a fresh load."""
    with (
        sandbox.start(incidents=250, audit_events=5, requests_per_second=None) as services,
        bigpanda_of(services) as client,
    ):
        client.environments()
        load = getattr(client, name)
        first = load(ALL, store=tmp_path, **options)
        for change, number in MOVES:
            services.control.move(change, number)
        second = load(ALL, store=tmp_path, **options)
        same(second, load(ALL, **options))
        third = load(ALL, store=tmp_path, **options)
    same(third, second)
    for frame, rows in ((first, 0), (second, None), (third, None)):
        facts = told(frame)
        assert facts["store"] == ("new" if frame is first else "updated")
        assert rows == 0 or options or 0 < facts["rows_from_store"] < len(frame)
    assert told(second)["requests"] < 12


def test_a_window_that_moves_is_loaded_again(running, tmp_path):
    """A start that counts back means another window each time: attrs say that all was requested."""
    with bigpanda_of(running) as client:
        client.incidents(ALL, start="20d", store=tmp_path)
        frame = client.incidents(ALL, start="20d", store=tmp_path)
        same(frame, client.incidents(ALL, start="20d"))
    assert (told(frame)["store"], told(frame)["rows_from_store"]) == ("everything again", 0)


@pytest.mark.parametrize("options", [{}, {"end": "2026-05-02T00:02:30Z"}, {"max_rows": 5_000}])
def test_only_events_that_were_received_since_are_requested(pangea_at, tmp_path, options):
    """The second search goes on at the last moment; each event is there once, equal ones too."""
    everything = numbered(3_000, at_once=7)
    log = FakeLog(everything[:1_237], shuffle=False)
    client, _ = pangea_at(log)
    asked = {"start": START, **options, "store": tmp_path}
    first = client.search(**asked)
    log.events = everything
    second = client.search(**asked)
    assert loaded(second) == loaded(client.search(start=START, **options))
    assert told(first)["store"] == "new"
    if "max_rows" in options:
        assert told(second)["store"] == "everything again"
    else:
        assert told(second)["store"] == "updated"
        assert len(first) - 7 <= told(second)["rows_from_store"] < len(first)
        ends = {
            "": "2026-05-02T00:02:55.999999Z",
            "2026-05-02T00:02:30Z": "2026-05-02T00:02:29.999999Z",
        }
        assert log.bodies[1]["start"] == ends[options.get("end", "")]


@pytest.mark.parametrize("options", [{"order": "desc"}, {"order_by": "actor"}])
def test_a_search_in_another_order_is_made_again(running, tmp_path, options):
    """What is new is not at the end then: everything is requested, and attrs say so."""
    with pangea_of(running.env) as client:
        client.search(start="2026-05-25", store=tmp_path, **options)
        frame = client.search(start="2026-05-25", store=tmp_path, **options)
    assert told(frame)["store"] == "everything again"


def test_events_that_were_not_published_are_requested_again(running, tmp_path):
    """Their place in the tree changes: the stored rows end before the first of them."""
    with pangea_of(running.env) as client:
        first = client.search(start="2026-05-01", store=tmp_path)
        second = client.search(start="2026-05-01", store=tmp_path)
        same(second, client.search(start="2026-05-01"))
    published = first["published"].astype(bool)
    assert not published.all()
    assert told(second)["rows_from_store"] <= published.to_numpy().argmin()


def test_the_present_is_the_services_and_that_of_the_first_process(running, tmp_path, monkeypatch):
    """A process that died before the present was written down leaves no wrong one behind."""
    with panther_of(running.env) as client:
        whole = client.alerts(start="30d")

    def die(self, now):
        raise SystemExit

    with monkeypatch.context() as patch, panther_of(running.env) as client:
        patch.setattr(StoredLoad, "moment", die)
        with pytest.raises(SystemExit):
            client.alerts(start="30d", store=tmp_path)
    with panther_of(running.env) as client:
        running.control.answer("panther", "/alerts$", 403, after=2)
        with pytest.raises(pk.PermissionDeniedError):
            client.alerts(start="30d", store=tmp_path)
    monkeypatch.setattr(Session, "server_time", lambda self: time.time())
    with panther_of(running.env) as client:
        frame = client.alerts(start="30d", store=tmp_path)
    same(frame, whole)
    assert told(frame)["window"] == told(whole)["window"]


def test_every_argument_is_part_of_the_question(running, tmp_path):
    """Loads that differ in one argument or one client have folders of their own."""
    panther, bigpanda, pangea = (
        panther_of(running.env),
        bigpanda_of(running),
        pangea_of(running.env),
    )
    calls = [
        (panther.rules, {}), (panther.rules, {"severity": ["HIGH"]}),
        (panther.rules, {"max_rows": 3}),
        (panther.alerts, {"start": "3d"}), (panther.alerts, {"start": "3d", "type": "all"}),
        (panther.alerts, {"start": "2026-05-29"}),
        (bigpanda.incidents, {"environment": ALL}),
        (bigpanda.incidents, {"environment": ALL, "folder": "active"}),
        (bigpanda.incidents, {"environment": ALL, "query": 'status = "ok"'}),
        (bigpanda.incidents, {"environment": ALL, "end": "1d"}),
        (pangea.search, {"start": "2026-05-25"}),
        (pangea.search, {"start": "2026-05-25", "query": "actor:nobody"}),
        (pangea.search, {"start": "2026-05-25", "search_restriction": {"status": "failure"}}),
    ]  # fmt: skip
    with panther, bigpanda, pangea, warnings.catch_warnings():
        warnings.simplefilter("ignore", pk.TruncatedWarning)
        for load_it, arguments in calls:
            load_it(**arguments, store=tmp_path)
        assert len(list(tmp_path.iterdir())) == len(calls)
        # The same in other words.
        panther.alerts(start=timedelta(days=3), store=tmp_path)
        panther.alerts(start=date(2026, 5, 29), store=tmp_path)
        ids = list(panther.alerts(start="3d", store=tmp_path)["id"])
        panther.alert_events(iter(ids[:2]), store=tmp_path)
        panther.alert_events(ids[:2], store=tmp_path)
    assert len(list(tmp_path.iterdir())) == len(calls) + 1


def test_no_token_reaches_the_folder(panther_at, tmp_path):
    """A page that repeats the token, or a piece of it, is not kept; its neighbours are."""
    rows = {"": "a", "b": f'see "{PANTHER}"', "c": PANTHER[3:-1], "d": "d"}
    following = dict(zip(rows, [*list(rows)[1:], ""], strict=True))

    def answer(request):
        cursor = request.args.get("cursor", "")
        page = {"results": [{"id": cursor, "displayName": rows[cursor]}]}
        return page | ({"next": following[cursor]} if following[cursor] else {})

    client, _ = panther_at(answer)
    assert len(client.rules(store=tmp_path)) == 4
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 4  # two pages, the mark of the token, and that the load is finished
    assert not any(holds_token(path.read_bytes()) for path in files)


def test_the_pages_of_another_token_are_warned_of(panther_at, tmp_path):
    """It may be of another account: the frame is made, and a warning says so once."""
    client, calls = panther_at(lambda request: {"results": [{"id": "a"}]})
    client.rules(store=tmp_path)
    client.rules(store=tmp_path)
    host = calls[0].host_url
    with Panther(host, FRESH) as other, pytest.warns(pk.StoreWarning, match="another token"):
        other.rules(store=tmp_path)
    with Panther(host, FRESH) as other:
        other.rules(store=tmp_path)


def bad_argument(running, folder):
    """A call that is refused before anything is sent."""
    with pytest.raises(ValueError, match="max_rows"):
        panther_of(running.env).rules(max_rows=-1, store=folder)


def bad_token(running, folder):
    """A call whose first request the service refuses."""
    env = {**running.env, "PANTHER_API_TOKEN": FRESH}
    with pytest.raises(pk.AuthenticationError):
        panther_of(env).rules(store=folder)


def span_of_a_stranger(running, folder):
    """A call whose span counts back from the time of a service that refuses it."""
    key, url = FRESH, running.env["BIGPANDA_BASE_URL"]
    with BigPanda(key, base_url=url) as client, pytest.raises(pk.AuthenticationError):
        client.incidents("Production", start="7d", store=folder)


@pytest.mark.parametrize("call", [bad_argument, bad_token, span_of_a_stranger])
def test_a_refused_call_leaves_nothing_in_the_folder(running, tmp_path, call):
    """The folder of a question is made with its first page."""
    call(running, tmp_path / "store")
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_folder_that_cannot_be_one_is_an_error(running, tmp_path, place):
    """The path is named before anything is sent."""
    (tmp_path / "file").write_text("")
    running.control.clear()
    with panther_of(running.env) as client, pytest.raises(pk.SettingsError, match="store"):
        client.rules(store=tmp_path / place)
    assert not running.control.calls


def test_a_full_disk_is_an_error_with_the_rows_so_far(running, tmp_path, monkeypatch):
    """A page that cannot be kept stops the load, which goes on when there is space again."""
    count = iter(range(100))

    def write(path, **options):
        if next(count) == 2:
            raise OSError(28, "No space left on device", str(path))
        return atomic_write(path, **options)

    monkeypatch.setattr(store_module, "atomic_write", write)
    with panther_of(running.env) as client:
        with pytest.raises(pk.PandakitError, match="No space left") as caught:
            client.rules(store=tmp_path)
        assert len(caught.value.partial) == 100
        same(caught.value.resume(), client.rules())
