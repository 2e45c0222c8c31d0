"""Unit tests and backtests: what detections see, return, and may not do."""

import textwrap
import time
from pathlib import Path

import pandas as pd
import pytest

import pandakit as pk
from pandakit import detections

IDLE = {"name": "quiet", "expectedResult": False, "log": {"never": 1}}


def rule(body="", **cells):
    """Make the row of a rule; a body of one line is what `rule` returns."""
    if "def " not in body and body:
        body = f"def rule(event):\n    return {body}\n"
    return {"kind": "rules", "id": "R", "severity": "LOW", "body": textwrap.dedent(body)} | cells


def test_of(expected, log, **more):
    """Make a unit test."""
    return {"name": "t", "expectedResult": expected, "log": log, **more}


test_of.__test__ = False


def run(row, *others, timeout=15):
    """Run the tests of one row; gives its first result without missing values."""
    results = detections.run_tests(pd.DataFrame([row, *others]), timeout=timeout)
    first = results.iloc[0].astype(object)
    return {name: value for name, value in first.items() if value is not pd.NA}


@pytest.mark.parametrize(
    ("body", "log", "expected"),
    [
        ("event.get('user') == 'root'", {"user": "root"}, True),
        ("event['USER'] == 'root'", {"user": "root"}, True),
        ("event.deep_get('a', 'B', 'c') == 1", {"A": {"b": {"C": 1}}}, True),
        ("event.deep_get('a', 'x', default=7) == 7", {"a": {"x": None}}, True),
        ("event.deep_walk('a', 'b') == [1, 2]", {"a": [{"b": 1}, {"b": 2}, {"b": 1}, {}]}, True),
        ("event.deep_walk('a', 'b', return_val='last') == 2", {"a": [{"b": 1}, {"b": 2}]}, True),
        ("event.deep_walk('a', 'b') == 3", {"a": {"b": 3}}, True),
        ("event.deep_walk('x', default=0) == 0", {"a": 1}, True),
        ("'A' in event and 'z' not in event and len(event) == 1", {"a": 1}, True),
        ("event.get('l')[0].get('K') == 2", {"l": [{"k": 2}]}, True),
        ("event.get('l') == [1] and list(event.keys()) == ['l']", {"l": [1]}, True),
        ("isinstance(event.to_dict()['l'], list)", {"l": [1]}, True),
        ("event.lookup('hosts', 'db')['owner'] == 'ann'",
         {"_mocked_lookup_data_": {"hosts": {"db": {"owner": "ann"}}}}, True),
        ("event.event_time_epoch() == 60", {"p_event_time": "1970-01-01T00:01:00.0Z"}, True),
        ("event.udm('user', default='nobody') == 'eve'", {"p_udm": {"user": "eve"}}, True),
        ("event.udm('user') == 'eve'", {"user": "eve"}, True),
        ("not event.get('ok')", {"ok": True}, False),
    ],
)  # fmt: skip
def test_what_an_event_gives(body, log, expected):
    """Each method of an event, with keys in any case at every level."""
    found = run(rule(body, tests=[test_of(expected, log)]))
    assert (found["passed"], found["errored"]) == (True, False), found
    assert found["trigger_alert"] == expected


@pytest.mark.parametrize(
    "change",
    ["event['a'] = 1", "event.a = 1", "event.get('l').append(1)", "event.get('l')[0] = 1",
     "event.get('m')['x'] = 1", "event.pop('a')", "event.update(a=1)"],
)  # fmt: skip
def test_an_event_cannot_be_changed(change):
    """A rule that changes its event fails, at every level."""
    body = f"def rule(event):\n    {change}\n    return True\n"
    found = run(rule(body, tests=[test_of(True, {"a": 1, "l": [1], "m": {}})]))
    assert (found["passed"], found["errored"]) == (False, True)
    assert "Error" in found["error"]


def test_a_data_model_gives_common_names():
    """Paths, JSONPath and functions of the enabled model of the event's log type."""
    model = {
        "kind": "data_models", "id": "M", "enabled": True, "log_types": ["Okta"],
        "body": "def get_ip(event):\n    return event.deep_get('client', 'ip')\n",
        "mappings": [
            {"name": "user", "path": "actor.name"},
            {"name": "first", "path": "$.targets[0].id"},
            {"name": "ip", "method": "get_ip"},
        ],
    }  # fmt: skip
    body = """
        def rule(event):
            assert event.udm("user") == "ann" and event.udm_path("user") == "actor.name"
            return event.udm("first") == 7 and event.udm("ip") == "192.0.2.1"
    """
    event = {"p_log_type": "Okta", "actor": {"name": "ann"}, "targets": [{"id": 7}],
             "client": {"ip": "192.0.2.1"}}  # fmt: skip
    row = rule(body, tests=[test_of(True, event)])
    assert run(row, model)["passed"]
    assert not run(row, model | {"enabled": False})["passed"]
    assert not run(row, model | {"log_types": ["Other"]})["passed"]


def test_helpers_mocks_and_stand_ins():
    """Globals are modules by their id, mocks last for one test, the service's runtime is there."""
    helper = {"kind": "globals", "id": "my_helpers", "body": "def limit():\n    return 3\n"}
    body = """
        from my_helpers import limit
        from panther_core.immutable import ImmutableList
        from panther_detection_helpers.caching import add_to_string_set
        def rule(event):
            seen = add_to_string_set("k", event.get("user"))
            return len(seen) == 1 and isinstance(event.get("l"), ImmutableList) and limit() == 3
    """
    log = {"user": "a", "l": []}
    tests = [
        test_of(True, log),
        {"name": "mocked", "expectedResult": False, "log": log,
         "mocks": [{"objectName": "limit", "returnValue": 4}]},
        {"name": "after", "expectedResult": True, "log": log | {"user": "b"}},
        {"name": "no such name", "expectedResult": False, "log": log,
         "mocks": [{"objectName": "lmit", "returnValue": 4}]},
    ]  # fmt: skip
    frame = pd.DataFrame([rule(body, tests=tests), helper])
    results = detections.run_tests(frame)
    assert results["passed"].tolist() == [True, True, True, False]
    assert "lmit" in results["error"][3]


@pytest.mark.parametrize(
    ("functions", "outputs", "errors"),
    [
        ("def title(event): return 'x' * 2000", {"title": "x" * 985 + "... (truncated)"}, {}),
        ("def title(event): return 1", {}, {"title": "returned int; must be text"}),
        ("def severity(event): return 'high'", {"severity": "HIGH"}, {}),
        ("def severity(event): return 'default'", {"severity": "DEFAULT"}, {}),
        ("def severity(event): return 'odd'", {}, {"severity": "'ODD'"}),
        ("def destinations(event): return ['a']", {"destinations": '["a"]'}, {}),
        ("def destinations(event): return 'a'", {}, {"destinations": "list of text"}),
        (
            "def alert_context(event): return {'e': event}",
            {"alert_context": '{"e": {"a": [1]}}'},
            {},
        ),
        (
            "def alert_context(event): return {'x': float('nan')}",
            {},
            {"alert_context": "ValueError"},
        ),
        ("def dedup(event): return event['gone']", {}, {"dedup": "KeyError: 'gone'"}),
        ("def unique(event): return 'u'", {"unique": "u"}, {}),
    ],
)
def test_optional_functions(functions, outputs, errors):
    """Each output has its type and length; a test that expects an alert fails with any of them."""
    body = f"def rule(event): return event.get('a') == [1]\n{functions}\n"
    results = detections.run_tests(
        pd.DataFrame([rule(body, tests=[test_of(True, {"a": [1]}), test_of(False, {})])])
    )
    first = results.iloc[0]
    assert {name: first[name] for name in outputs} == outputs
    for name, words in errors.items():
        assert words in first[f"{name}_error"]
    assert first["passed"] == (not errors)
    assert first["errored"] == bool(errors)
    assert results["passed"][1]


@pytest.mark.parametrize(
    ("row", "expected", "passed"),
    [
        (rule("1"), True, False),
        (rule("None"), False, False),
        (rule("event['gone']"), False, False),
        (rule("def rules(event): return True"), True, False),
        (rule("def rule(event)"), True, False),
        (rule("import no_such_module\ndef rule(event): return True"), True, False),
        (rule("import sys\nsys.exit(0)\ndef rule(event): return True"), True, False),
        (rule("def policy(resource): return resource['A']", kind="policies"), False, True),
        (rule("def policy(resource): return not resource['A']", kind="policies"), True, True),
        (rule("def title(event): return 'x'", kind="scheduled_rules"), True, True),
    ],
)
def test_the_main_function(row, expected, passed):
    """A rule alerts on True and a policy on False; anything else is an error and never passes."""
    found = run(row | {"tests": [test_of(expected, {"A": True})]})
    assert found["passed"] == passed
    assert found["errored"] != passed


def test_a_resource_may_be_json_text():
    """The event of a test is `log`, or `resource` as JSON text; anything else is named."""
    tests = [
        {"name": "a", "expectedResult": True, "resource": '{"a": 1}'},
        {"name": "b", "expectedResult": True, "resource": "{"},
        {"name": "c", "log": {"a": 1}},
        7,
    ]
    results = detections.run_tests(pd.DataFrame([rule("event.get('a') == 1", tests=tests)]))
    assert results["passed"].tolist() == [True, False, False, False]
    assert "int; must be a map" in results["error"][3]
    assert "must be a map" in results["error"][1]
    assert "expectedResult" in results["error"][2]


@pytest.mark.parametrize(
    ("other", "body"),
    [
        ({"kind": "globals", "id": "broken", "body": "1 / 0"}, "import broken"),
        ({"kind": "globals", "id": "broken", "body": "def"}, "from broken import x"),
        (
            {"kind": "data_models", "id": "broken", "enabled": True, "log_types": ["L"],
             "mappings": [{"name": "u", "method": "gone"}], "body": ""},
            "event.udm('u')",
        ),
    ],
)  # fmt: skip
def test_what_is_broken_is_errored_even_where_a_rule_hides_it(other, body):
    """A rule that swallows the error of a helper or data model does not pass."""
    hiding = f"""
        def rule(event):
            try:
                {body}
            except Exception:
                pass
            return True
    """
    found = run(rule(hiding, tests=[test_of(True, {"p_log_type": "L"})]), other)
    assert (found["passed"], found["errored"]) == (False, True)
    assert "broken" in found["error"]


def test_a_broken_helper_is_errored_where_the_body_hides_it_while_it_is_loaded():
    """A body that imports a helper inside `try` does not pass when the helper is broken."""
    body = "try:\n    import broken\nexcept Exception:\n    pass\ndef rule(event): return True\n"
    helper = {"kind": "globals", "id": "broken", "body": "1 / 0"}
    found = run(rule(body, tests=[test_of(True, {})]), helper)
    assert (found["passed"], found["errored"]) == (False, True)
    assert "broken" in found["error"]


def test_only_the_service_evaluates_the_others():
    """Simple and correlation rules have no verdict here, and the reason; inline filters warn."""
    rows = [
        {"kind": kind, "id": "S", "detection": "[]", "tests": [test_of(True, {})]}
        for kind in ("simple_rules", "correlation_rules")
    ]
    results = detections.run_tests(pd.DataFrame(rows))
    assert results["passed"].isna().all()
    assert results["error"].str.contains("service only").all()
    filtered = rule("True", inline_filters="[]", tests=[test_of(True, {})])
    with pytest.warns(pk.PartialWarning, match="inline filters.*'R'"):
        run(filtered)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("while True: pass", "longer than 0.5 s"),
        ("import os; os._exit(3)", "exit code 3"),
        ("import ctypes; ctypes.string_at(0)", "ended the process"),
        ("import sys; sys.exit(1)", "SystemExit"),
        ("x = bytearray(2 * 1024**3)", "MemoryError"),
        ("import socket; socket.create_connection(('192.0.2.1', 80))", "network"),
        ("import os; os.system('true')", "start a process"),
        ("import subprocess; subprocess.run(['true'])", "start a process"),
        ("import os; os.fork()", "start a process"),
        ("open('/tmp/pandakit-was-here', 'w')", "write files"),
        ("import os; raise ValueError(os.environ['PANDAKIT_SECRET'])", "KeyError"),
        ("def f(): f()\n    f()", "RecursionError"),
        ("import json; json.dumps = lambda *_, **__: '{}'", "changed the process"),
    ],
)
def test_an_accident_costs_one_test(monkeypatch, line, words):
    """Loops, exits, crashes, memory, network, processes, files: one test fails, the next runs."""
    monkeypatch.setenv("PANDAKIT_SECRET", "hush")
    body = (
        f"def rule(event):\n    if event.get('never'): return False\n    {line}\n    return True\n"
    )
    results = detections.run_tests(
        pd.DataFrame([rule(body, tests=[test_of(True, {"a": 1}), IDLE])]), timeout=0.5
    )
    assert results["passed"].tolist() == [False, True]
    assert words in results["error"][0]
    assert "hush" not in results.to_csv()
    assert not Path("/tmp/pandakit-was-here").exists()


def test_a_body_that_hangs_costs_its_timeout_once():
    """Loading is tried once for all tests of a detection."""
    started = time.monotonic()
    results = detections.run_tests(
        pd.DataFrame([rule("while True: pass\ndef rule(e): ...", tests=[IDLE] * 20)]), timeout=0.5
    )
    assert not results["passed"].any()
    assert time.monotonic() - started < 8


def test_what_a_rule_prints_is_no_answer(capfd):
    """Output of a rule neither shows nor breaks the run; the same run gives the same text."""
    body = "def rule(event):\n    print('{}')\n    return True\n"
    body += "def title(event): return str({'a', 'b', 'c'})\n"
    first, second = (run(rule(body, tests=[test_of(True, {})])) for _ in range(2))
    assert first == second
    assert capfd.readouterr() == ("", "")


def test_a_frame_without_tests_and_the_frame_of_a_loader():
    """No tests are an empty frame with all columns; a loader's frame needs no `kind`."""
    empty = detections.run_tests(pd.DataFrame([rule("True")]))
    full = detections.run_tests(pd.DataFrame([rule("True", tests=[test_of(True, {})])]))
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()
    assert full.columns[:8].tolist() == [
        "kind", "id", "name", "expected", "passed", "errored", "error", "trigger_alert"
    ]  # fmt: skip
    with pytest.raises(ValueError, match="no column kind"):
        detections.run_tests(pd.DataFrame({"id": ["a"]}))
    with pytest.raises(ValueError, match="timeout"):
        detections.run_tests(full, timeout=0)


def test_compared_with_the_service():
    """A verdict or output that differs is a row; JSON layout is not; one-sided tests are."""
    ours = pd.DataFrame(
        {"id": "A", "name": ["same", "verdict", "output", "ours", "simple"],
         "passed": [True, True, True, True, pd.NA], "destinations": '["a", "b"]'}
    )  # fmt: skip
    theirs = pd.DataFrame(
        {"id": "A", "name": ["same", "verdict", "output", "theirs", "simple"],
         "passed": [True, False, True, True, True], "destinations": ['["a","b"]'] * 2 + ["[]"] * 3}
    )  # fmt: skip
    found = detections.compare_tests(ours[:4], theirs[:4])
    assert found.to_numpy().tolist() == [
        ["A", "verdict", "passed", True, False],
        ["A", "output", "destinations", '["a", "b"]', "[]"],
        ["A", "ours", "present", True, False],
        ["A", "theirs", "present", False, True],
    ]
    assert detections.compare_tests(ours[4:5], ours[4:5]).empty
    one, true = (ours[:1].assign(alert_context=f'{{"a": {value}}}') for value in ("1", "true"))
    assert detections.compare_tests(one, true)["field"].tolist() == ["alert_context"]


# Backtest -----------------------------------------------------------------------------------

NOISY = """
def rule(event):
    return event.get("action") == "login"
def title(event):
    return f"login of {event['user']}"
def severity(event):
    return event.get("level", "DEFAULT")
def dedup(event):
    return event["key"]
def unique(event):
    return event.get("ip") or 1
"""
START = pd.Timestamp("2026-01-01T10:00Z")


def logins(*minutes, **fields):
    """Make login events at some minutes."""
    return [
        {"action": "login", "user": "ann", "key": "k", "ip": f"192.0.2.{minute}",
         "p_event_time": (START + pd.Timedelta(minutes=minute)).isoformat(), **fields}
        for minute in minutes
    ]  # fmt: skip


def test_matches_alerts_and_errors():
    """Matches have title, dedup, severity and unique; failures fall back and are told."""
    row = rule(NOISY, dedup_period_minutes=30, threshold=2)
    broken = {"action": "login", "level": "odd", "p_event_time": START.isoformat(),
              "p_parse_time": (START + pd.Timedelta("90min")).isoformat()}  # fmt: skip
    events = [*logins(0, 10, 30), {"action": "logout"}, broken]
    result = detections.backtest(pd.DataFrame([row]), events)
    assert result.matches["event"].tolist() == [0, 1, 2, 4]
    assert result.matches["title"].tolist() == ["login of ann"] * 3 + ["R"]
    assert result.matches["dedup"].tolist() == ["k"] * 3 + ["defaultDedupString:R"]
    assert result.matches["severity"].tolist() == ["LOW"] * 4
    assert result.matches["unique"].tolist()[:3] == ["192.0.2.0", "192.0.2.10", "192.0.2.30"]
    assert result.matches["time"][3] == START + pd.Timedelta("90min")
    assert result.errors["event"].tolist() == [4] * 4
    assert set(result.errors["function"]) == {"title", "severity", "dedup", "unique"}
    assert result.alerts["event_count"].tolist() == [2]
    assert result.alerts["created_at"][0] == START + pd.Timedelta("10min")
    assert (result.n_events, result.n_other_log_types) == (5, 0)


def test_events_of_a_frame_and_of_other_log_types():
    """A frame's missing cells are no fields, its times are text; other log types are not run."""
    events = pd.DataFrame(
        {"p_log_type": ["A", "B", "A"], "x": [1, 1, pd.NA], "p_event_time": START,
         "n": pd.array([2**60 + 1, 1, 1], dtype="Int64")}
    )  # fmt: skip
    body = "'x' in event and event['n'] == 2**60 + 1 and event['p_event_time'].endswith('Z')"
    result = detections.backtest(pd.DataFrame([rule(body, log_types=["A"])]), events)
    assert result.matches["event"].tolist() == [0]
    assert (result.n_events, result.n_other_log_types) == (2, 1)
    assert len(result.errors) == 0


def test_an_event_that_hangs_or_ends_the_process_costs_itself(monkeypatch):
    """The other events of its batch are still run."""
    monkeypatch.setattr("pandakit.detections.backtesting._TIMEOUT", 0.5)
    body = """
        import os
        def rule(event):
            while event.get("hang"): pass
            if event.get("exit"): os._exit(1)
            return True
    """
    events = [{"n": 1}, {"hang": True}, {"n": 2}, {"exit": True}, {"n": 3}]
    result = detections.backtest(pd.DataFrame([rule(body)]), events)
    assert result.matches["event"].tolist() == [0, 2, 4]
    assert result.errors["event"].tolist() == [1, 3]
    assert result.errors["function"].tolist() == ["rule", "rule"]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([rule("True"), rule("True", id="S")], "has 2 detections"),
        ([{"kind": "globals", "id": "g"}], "has 0 detections"),
        ([{"kind": "simple_rules", "id": "g"}], "cannot be run here"),
        ([rule("import nothing_there\ndef rule(e): ...")], "cannot be loaded.*nothing_there"),
    ],
)
def test_what_is_not_one_rule_is_refused(rows, words):
    """Exactly one rule that loads; anything else is a ValueError that says what it is."""
    with pytest.raises(ValueError, match=words):
        detections.backtest(pd.DataFrame(rows), [])


def test_matches_without_time_make_no_alerts_in_silence():
    """Without a time there are matches, but asking for alerts is an error; a signal has none."""
    result = detections.backtest(pd.DataFrame([rule("True")]), [{"a": 1}])
    assert len(result.matches) == 1
    with pytest.raises(ValueError, match="column time: 1 rows"):
        _ = result.alerts
    signal = detections.backtest(pd.DataFrame([rule("True", create_alert=False)]), logins(1))
    assert (len(signal.matches), len(signal.alerts)) == (1, 0)
