"""The command line: what it prints, and that nonsense gets one clear line."""

# ruff: noqa: E501 - cases stand in tables, one a line

import functools
import json
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import pandas as pd
import pytest

import pandakit as pk
from pandakit import cli, sandbox
from pandakit.demo.tour import FILES
from tests.tokens import PANTHER

ALARMS = ["--start", "from", "--end", "to", "--column", "host=device", "--column", "check=alarm"]


def measure(out, name):
    """Read one count of the printed funnel."""
    (line,) = [line for line in out.splitlines() if line.split()[:1] == [name]]
    return int(line.split()[1].replace(",", ""))


@pytest.fixture
def alarms(tmp_path):
    """A file of alarms: two on one device within the hour, one a week later."""
    frame = pd.DataFrame(
        {
            "device": ["007", "007", "007"],
            "alarm": ["fan", "link", "fan"],
            "from": [0, 1_800, 700_000],
            "to": [600, 2_400, 700_600],
        }
    )
    frame.to_csv(tmp_path / "alarms.csv", index=False)
    frame.to_parquet(tmp_path / "alarms.parquet")
    return tmp_path


@pytest.fixture
def events(tmp_path):
    """A file of events of one alert."""
    path = tmp_path / "events.csv"
    path.write_text("host,check,status,timestamp\nNA,disk,critical,10\nNA,disk,ok,20\n")
    return path


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_simulate_alarms(run, alarms, suffix):
    """Alarms with a start and an end are consolidated from CSV and from Parquet alike."""
    code, out, err = run("simulate", alarms / f"alarms.{suffix}", *ALARMS)
    assert (code, err) == (0, "")
    assert (measure(out, "alerts"), measure(out, "incidents")) == (3, 2)


def test_settings_of_the_policy_are_options(run, alarms):
    """A reopen window without limit turns the third alarm into the first one again."""
    code, out, _ = run("simulate", alarms / "alarms.csv", *ALARMS, "--reopen-window", "none")
    assert code == 0
    assert "reopen_window=None" in out
    assert measure(out, "alerts") == 2


def test_text_cells_stay_text(run, events):
    """A host named NA is a host and not a missing value."""
    code, out, _ = run("simulate", events)
    assert code == 0
    assert "NA" in out
    assert measure(out, "alerts") == 1


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["nonsense"], "No such command"),
        ([], "Commands:"),
        (["simulate"], "Missing argument"),
        (["simulate", ""], "'' does not exist"),
        (["simulate", "no-such-file.csv"], "does not exist"),
        (["simulate", "{events}", "--anchor", "middle"], "middle"),
        (["simulate", "{events}", "--reopen-window", "soon"], "'--reopen-window': 'soon'"),
        (["simulate", "{events}", "--reopen-window", "-1h"], "'--reopen-window': '-1h'"),
        (["simulate", "{events}", "--end", "to"], "--end to needs --start"),
        (["simulate", "{events}", "--start", "a"], "--start a: "),
        (
            ["simulate", "{events}", "--start", "from", "--time", "timestamp"],
            "--start from for alarms",
        ),
        (["simulate", "{events}", "--column", "host"], "'--column': 'host' has no '='"),
        (["simulate", "{events}", "--column", "host=hots"], "--column host=hots: "),
        (["simulate", "{events}", "--constant", "status=red"], "--constant status=red: a status"),
        (["simulate", "{events}", "--status", "ok=red"], "--status ok=red: a status is one of"),
        (["simulate", "{events}", "--profile", "nagos"], "'--profile': 'nagos' is not one of"),
        (["simulate", "{events}", "--profile", "zabbix"], "not in a form of --profile zabbix"),
        (["simulate", "{events}", "--tz", "Berlin"], "--tz Berlin is not a time zone"),
        (["simulate", "{events}", "--unit", "min"], "'--unit': 'min' is not one of"),
        (
            ["simulate", "{events}", "--policy", "modern"],
            "--policy modern: this is neither classic",
        ),
        (["simulate", "{events}", "--policy", "{events}"], "this is not TOML"),
        (["simulate", "{events}", "--mapping", "{events}"], "this is not TOML"),
        (["simulate", "{events}", "--mapping", "{folder}"], "is a directory"),
        (
            ["simulate", "{events}", "--window", "host=4h"],
            "no pattern 'host'; it has primary, cluster",
        ),
        (
            ["simulate", "{events}", "--window", "primary=4 parsecs"],
            "--window primary: '4 parsecs'",
        ),
        (["simulate", "{events}", "--output", "{events}"], "is a file"),
        (["simulate", "{binary}"], "cannot be read as a table"),
        (["simulate", "{binary}.parquet"], "cannot be read as a table"),
        (["simulate", "{empty}"], "it is empty"),
        (["simulate", "{folder}/*.nothing"], "does not exist"),
        (["sweep", "{events}", "--windows", "1h,soon"], "'--windows': 'soon' is not a span"),
        (["sweep", "{events}", "--windows", "0s"], "not above zero"),
        (["sweep", "{events}", "--anchors", "middle"], "'--anchors': 'middle' is not a list of"),
        (
            ["sweep", "{events}", "--pattern", "host"],
            "--pattern host: the policy has no such pattern",
        ),
        (["explain", "{events}", "7"], "there is no alert 7; the alerts are 0 to 0"),
        (["explain", "{events}", "-1"], "No such option"),
        (["explain", "{events}", "one"], "'one' is not a valid integer"),
        (["report", "{events}", "--pattern", "host"], "--pattern host"),
        (["validate", "{events}"], "pass --schema FILE, or --query NAMES and --result NAMES"),
        (["validate", "{events}", "--query", "a", "--result", "b", "--output", "x"], "--fix"),
        (["demo", "--events", "{events}"], "No such option '--events'"),
    ],
)
def test_nonsense_gets_a_clear_line_and_no_traceback(run, events, tmp_path, arguments, part):
    """Wrong commands, options, files and columns end in a message, never in a traceback."""
    binary = tmp_path / "binary"
    binary.write_bytes(b"\x00\xff\xfe" * 50)
    (tmp_path / "binary.parquet").write_bytes(b"PAR1 not really")
    (tmp_path / "empty.csv").write_bytes(b"")
    names = {"events": events, "binary": binary, "folder": tmp_path}
    names |= {"empty": tmp_path / "empty.csv"}
    code, out, err = run(*(text.format(**names) for text in arguments))
    assert code in {1, 2}
    assert part in err
    assert "Traceback" not in out + err
    assert out == ""


def test_settings_command_masks_tokens(run, monkeypatch):
    """The command shows where a token comes from and not the token."""
    monkeypatch.setenv("PANTHER_API_TOKEN", PANTHER)
    code, out, _ = run("settings")
    assert code == 0
    assert "PANTHER_API_TOKEN" in out
    assert "environment" in out
    assert PANTHER not in out


def test_check_without_settings_says_what_to_set(run):
    """With nothing set, each service is one line that names its settings; the exit code is 1."""
    code, out, err = run("check")
    assert code == 1
    for name in ("PANTHER_API_", "BIGPANDA_API_KEY", "PANGEA_AUDIT_TOKEN"):
        assert name in out + err
    assert "Traceback" not in out + err


def test_check_against_the_sandbox(run, monkeypatch):
    """With settings, each service says that it answered, and no token is printed."""
    with sandbox.start(incidents=5, audit_events=5) as services:
        for name, value in services.env.items():
            monkeypatch.setenv(name, value)
        code, out, err = run("check")
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == 3
    assert not [value for value in services.env.values() if len(value) > 30 and value in out]


@pytest.mark.filterwarnings("ignore::pandakit.errors.RejectedEventsWarning")
def test_demo_writes_its_report(run, monkeypatch, tmp_path):
    """`pandakit demo` prints the report and leaves a page and pictures behind.

    A few of the sandbox's events have no primary, on purpose.
    """
    small = functools.partial(sandbox.start, incidents=60, audit_events=60)
    monkeypatch.setattr(sandbox, "start", small)
    code, out, _ = run("demo", "--output", tmp_path / "out", "--seed", 3)
    assert code == 0
    assert "Consolidated" in out
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(FILES)
    assert run("demo", "--output", tmp_path / "out", "--seed", 3, "--force")[0] == 0


def test_installed_command_runs_without_a_terminal():
    """`python -m pandakit --help` lists the commands, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "pandakit", "--help"], capture_output=True, text=True, check=True
    )
    for command in cli.app.COMMANDS:
        assert command in done.stdout


HEADER = "host,check,status,timestamp\n"


@pytest.mark.filterwarnings("always::pandakit.RejectedEventsWarning")
def test_rows_that_are_no_events_end_the_command_or_are_counted(run, tmp_path):
    """The message has the counts, examples and the option; with it the rows are a note."""
    file = tmp_path / "some.csv"
    file.write_text(HEADER + "a,b,critical,1\na,b,red,2\n,b,ok,3\na,b,blue,4\n")
    code, out, err = run("simulate", file)
    assert (code, out) == (1, "")
    assert "3 of 4 rows are not events" in err
    assert "--status red=critical" in err
    assert "--skip-bad leaves these rows out" in err
    code, out, err = run("simulate", file, "--skip-bad")
    assert code == 0
    assert "Note: 3 rows are left out: 2 bad_status, 1 no_primary" in out
    assert "RejectedEventsWarning: 3 of 4 rows were left out" in err
    code, out, _ = run("simulate", file, "--skip-bad", "--status", "red=ok", "--status", "blue=ok")
    assert "Note: 1 rows are left out: 1 no_primary" in out


def test_every_option_of_the_source_is_one_of_the_mapping_file(run, tmp_path):
    """A TOML file with the same keys reads alike; options go before it."""
    file = tmp_path / "alarms.csv"
    file.write_text(
        "Device;What;Level;From;To\n"
        "a;fan;high;01.03.2026 10:00;01.03.2026 11:00\n"
        "b;fan;low;01.03.2026 10:30;\n"
    )
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(
        """
        start = "From"
        end = "To"
        tz = "Europe/Berlin"
        time_format = "%d.%m.%Y %H:%M"
        skip_bad = false
        [columns]
        host = "Device"
        check = "What"
        status = "Level"
        [constants]
        app_key = "nagios"
        cluster = "north"
        [status]
        high = "critical"
        low = "warning"
        """
    )
    options = [
        *("--start", "From", "--end", "To", "--tz", "Europe/Berlin"),
        *("--time-format", "%d.%m.%Y %H:%M", "--column", "host=Device", "--column", "check=What"),
        *(
            "--column",
            "status=Level",
            "--constant",
            "app_key=nagios",
            "--constant",
            "cluster=north",
        ),
        *("--status", "high=critical", "--status", "low=warning"),
    ]
    code, by_file, _ = run("simulate", file, "--mapping", mapping)
    assert (code, measure(by_file, "alerts"), measure(by_file, "incidents")) == (0, 2, 1)
    assert "09:00:00+00:00" in by_file
    assert run("simulate", file, *options)[1] == by_file
    changed = run("simulate", file, "--mapping", mapping, "--tz", "UTC", "--constant", "cluster=")
    assert "10:00:00+00:00" in changed[1]
    assert measure(changed[1], "incidents") == 2


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("zone = 'UTC'", "there is no key 'zone', but"),
        ("tz = 1", "tz must be text, not 1"),
        ("columns = 'host'", "columns must be a table [columns]"),
        ("profile = 'nagos'", "--profile nagos is none of"),
    ],
)
def test_a_mapping_file_that_is_wrong_is_told(run, events, tmp_path, text, part):
    """Unknown keys and values of another kind are usage errors that name the file or option."""
    (tmp_path / "mapping.toml").write_text(text)
    code, out, err = run("simulate", events, "--mapping", tmp_path / "mapping.toml")
    assert code in {1, 2}
    assert out == ""
    assert part in err


POLICY = """
reopen_window = "none"
anchor = "latest"
[[patterns]]
tags = ["host"]
window = "30 minutes"
name = "same host"
"""
TENANT = [
    {
        "id": "p-1",
        "active": True,
        "tags": ["host"],
        "time_window": 30,
        "filter": "",
        "cross_source": True,
    },
    {"id": "p-2", "active": False, "tags": ["check"], "time_window": 60},
]


@pytest.mark.parametrize("kind", ["toml", "dict", "list", "answer"])
def test_a_policy_comes_from_a_file(run, alarms, tmp_path, kind):
    """TOML, what `Policy.to_dict` gives, and the patterns of a tenant as JSON."""
    contents = {
        "toml": POLICY,
        "dict": json.dumps(pk.CURRENT.replace(patterns=[pk.Pattern("host", "30min")]).to_dict()),
        "list": json.dumps(TENANT),
        "answer": json.dumps({"items": TENANT}),
    }
    file = tmp_path / ("policy.toml" if kind == "toml" else "policy.json")
    file.write_text(contents[kind])
    code, out, _ = run("simulate", alarms / "alarms.csv", *ALARMS, "--policy", file)
    assert code == 0
    assert ("same host" in out) == ("reopen_window=None" in out) == (kind == "toml")
    assert measure(out, "incidents") == (1 if kind == "toml" else 3)
    _, longer, _ = run(
        "simulate", alarms / "alarms.csv", *ALARMS, "--policy", file,
        "--window", "same host=30d" if kind == "toml" else "host=3d", "--reopen-window", "0s",
    )  # fmt: skip
    assert "30 d" in longer or "3 d" in longer


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("policy.toml", "anchor = 'first'", "write at least one table [[patterns]]"),
        ("policy.toml", "[[patterns]]\ntags = ['a']\nwindow = 'soon'", "'soon' is not a span"),
        ("policy.toml", POLICY + "\ncolour = 1", "colour"),
        ("policy.json", "{", "this is not JSON"),
        ("policy.json", "[1]", "these are no correlation patterns"),
        ("policy.json", "3", "a policy is a table of settings"),
        ("policy.json", '{"data": 3}', "these are no correlation patterns"),
        (
            "policy.json",
            '[{"tags": ["a"], "time_window": 5, "active": false}]',
            "no correlation pattern is",
        ),
    ],
)
def test_a_policy_file_that_is_wrong_is_told(run, events, tmp_path, name, text, part):
    """What is missing or has no meaning is a message about the file, never a traceback."""
    (tmp_path / name).write_text(text)
    code, out, err = run("simulate", events, "--policy", tmp_path / name)
    assert code in {1, 2}
    assert out == ""
    assert part in err


@pytest.mark.parametrize("file_format", ["parquet", "csv"])
def test_results_are_saved_and_not_overwritten(run, alarms, tmp_path, file_format):
    """Events with their outcome, alerts, incidents and the report; a second run needs --force."""
    folder = tmp_path / "results"
    arguments = [
        "simulate",
        alarms / "alarms.csv",
        *ALARMS,
        "--output",
        folder,
        "--format",
        file_format,
    ]
    code, out, _ = run(*arguments)
    assert code == 0
    read = pd.read_csv if file_format == "csv" else pd.read_parquet
    frames = {
        name: read(folder / f"{name}.{file_format}") for name in ("events", "alerts", "incidents")
    }
    assert len(frames["events"]) == measure(out, "received")
    assert len(frames["alerts"]) == measure(out, "alerts")
    assert len(frames["incidents"]) == measure(out, "incidents")
    assert set(frames["events"]["outcome"]) == {"opened", "resolved"}
    assert (folder / "report.html").stat().st_size > 1_000
    code, _, err = run(*arguments)
    assert code == 2
    assert "exists already; choose another name, or replace it with --force" in err
    assert run(*arguments, "--force")[0] == 0


def test_files_are_saved_together_or_not_at_all(run, alarms, tmp_path):
    """Where one of the files is there already, none of the others is written."""
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "report.html").write_text("mine")
    code, _, err = run("simulate", alarms / "alarms.csv", *ALARMS, "--output", tmp_path / "results")
    assert code == 2
    assert "report.html exists already" in err
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["report.html"]


@pytest.mark.parametrize("name", FILES)
def test_the_demo_overwrites_nothing_unless_asked(run, tmp_path, name):
    """A file, or a link to nowhere, with the name of one of the demo's stops it before it starts."""
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / name).symlink_to(tmp_path / "nowhere")
    code, out, err = run("demo", "--output", folder)
    assert (code, out) == (2, "")
    assert f"{name} exists already; choose another name, or replace it with --force" in err
    assert [path.name for path in folder.iterdir()] == [name]


def test_lists_are_saved_in_their_text_form(run, tmp_path):
    """A tag that is a list stands in a CSV file as it is compared: with bars between its items."""
    file = tmp_path / "events.json"
    file.write_text('{"timestamp": 1, "status": "critical", "host": "a", "rack": ["r1", "r2"]}')
    assert run("simulate", file, "--output", tmp_path / "out", "--format", "csv")[0] == 0
    assert pd.read_csv(tmp_path / "out" / "events.csv")["rack"].tolist() == ["r1|r2"]


def test_sweep_prints_a_row_for_each_window(run, alarms, tmp_path):
    """The incidents of each window and anchor, of the first pattern or the one that is named."""
    arguments = ["sweep", alarms / "alarms.csv", *ALARMS, "--windows", "10min,1 hour"]
    code, out, _ = run(*arguments, "--anchors", "first,latest", "--output", tmp_path / "swept")
    assert code == 0
    assert "The window of the pattern primary" in out
    lines = [
        line.split() for line in out.splitlines() if line.split()[:1] in (["first"], ["latest"])
    ]
    assert [(line[0], line[2], line[3]) for line in lines] == [
        ("first", "10", "min"), ("first", "1", "h"), ("latest", "10", "min"), ("latest", "1", "h"),
    ]  # fmt: skip
    saved = pd.read_parquet(tmp_path / "swept" / "sweep.parquet")
    assert saved["incidents"].tolist() == [3, 2, 3, 2]
    constant = ["--constant", "cluster=north", "--pattern", "cluster"]
    assert "The window of the pattern cluster" in run(*arguments, *constant)[1]
    code, out, _ = run(*arguments, *constant[:2], "--pattern", "all", "--output", tmp_path / "all")
    assert code == 0
    assert "The windows of all patterns" in out
    events = pd.DataFrame({"host": "007", "check": ["fan", "link", "fan"], "cluster": "north"})
    events = events.assign(start=[0, 1_800, 700_000], end=[600, 2_400, 700_600])
    events = pk.read_events(events, start="start", end="end")
    expected = pk.sweep(events, pk.CLASSIC, windows=["10min", "1h"], pattern="all")
    saved = pd.read_parquet(tmp_path / "all" / "sweep.parquet")
    assert saved["incidents"].tolist() == expected["incidents"].tolist()


def test_explain_says_why_an_alert_is_where_it_is(run, alarms):
    """The sentence of the explanation, for the alert with that number."""
    code, out, _ = run("explain", alarms / "alarms.csv", 1, *ALARMS)
    assert code == 0
    assert out.startswith(
        "Alert 1 (host 007, check link) joined incident 0 because primary host=007"
    )


def test_report_is_a_page_about_the_user_s_own_file(run, alarms, tmp_path):
    """File, policy with all its settings, curve, largest incidents, and what speaks for and against."""
    hostile = tmp_path / "<script>alert(1)<b>.csv"
    hostile.write_bytes((alarms / "alarms.csv").read_bytes())
    code, out, err = run("report", hostile, *ALARMS, "--output", tmp_path / "page")
    assert (code, out) == (0, "")
    page = (tmp_path / "page" / "report.html").read_text("utf-8")
    assert "<script>alert" not in page
    for part in ("What was read", "reopen_window", "48 h", "flap_changes", "data:image/png",
                 "Which window for primary?", "For today&#x27;s window of 24 h", "Against today",
                 "The largest incidents", "007"):  # fmt: skip
        assert part in page, part
    for foreign in ("sandbox", "upload", "https://"):
        assert foreign not in page.lower()
    assert "wrote" in err


def test_fix_writes_the_repaired_table(run, tmp_path):
    """Repairs are listed, the result is validated again and written; a refused one is not."""
    table = tmp_path / "owners.csv"
    table.write_bytes(b"host ,owner\n a,x\nb,y\nb,y\n")
    arguments = ["validate", table, "--query", "host", "--result", "owner"]
    assert run(*arguments)[0] == 1
    code, out, _ = run(*arguments, "--fix")
    assert code == 0
    assert "repairs (3)" in out
    assert "after the repairs: can be sent" in out
    fixed = tmp_path / "owners.fixed.csv"
    assert fixed.read_text().splitlines()[1:] == ['"a","x"', '"b","y"']
    assert run("validate", fixed, *arguments[2:])[0] == 0
    assert run(*arguments, "--fix")[0] == 2
    assert run(*arguments, "--fix", "--force")[0] == 0
    table.write_bytes(b"host,owner\na,x\na,y\n")
    code, out, _ = run(*arguments, "--fix", "--output", tmp_path / "other.csv")
    assert code == 1
    assert not (tmp_path / "other.csv").exists()


def test_check_asks_only_services_with_settings(run, monkeypatch):
    """A service without any setting is not asked: one line for each of the others."""
    with sandbox.start(incidents=5, audit_events=5) as services:
        for name, value in services.env.items():
            if name.startswith("PANTHER"):
                monkeypatch.setenv(name, value)
        code, out, err = run("check")
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == 1
    assert "Panther" in out


HOSTILE = "\x1b]0;gone\x07\x1b[2J\u202etxt\u2028\x9b31m\u200b"


def test_nothing_from_a_file_steers_the_terminal(run, tmp_path):
    """Escapes, controls, bidi marks and line separators are shown as text: cells and names."""
    file = tmp_path / "hostile.csv"
    file.write_text(f"host,check,status,timestamp\n{HOSTILE}a,b,critical,1\n")
    _, out, _ = run("simulate", file)
    wrong = tmp_path / f"no{HOSTILE}.csv"
    _, _, err = run("simulate", wrong)
    assert "\\x1b[2J\\u202etxt" in out
    assert "\\u202etxt" in err
    shown = (out + err).replace("\n", "")
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Zl", "Zp"}


def test_commands_write_through_the_one_writer():
    """No module of the command line prints or echoes but `output`."""
    folder = Path(cli.__file__).parent
    sources = [path for path in folder.rglob("*.py") if path.name != "output.py"]
    assert len(sources) > 5
    assert not [path for path in sources if re.search(r"\bprint\(|\becho\(", path.read_text())]
