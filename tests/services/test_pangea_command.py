"""`pandakit verify`: exit codes, reports that can be checked again, and what alters them."""

import base64
import html
import json
from copy import deepcopy

import pytest

import pandakit as pk
from pandakit.cli import main
from tests.services.audit_log import plain_log

LOG = plain_log((2, 3, 1, 2))
AT = "2026-03-01T12:00:00Z"


@pytest.fixture
def folder(tmp_path):
    """A folder with the events and the roots of a log."""
    write(tmp_path / "events.json", LOG.answer())
    write(tmp_path / "roots.json", LOG.roots())
    return tmp_path


def write(path, document):
    """Write JSON."""
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


def run(folder, *arguments):
    """Run the command; gives its exit code. Names of files are those in the folder."""
    named = [str(folder / each) if (folder / each).suffix else each for each in arguments]
    try:
        main(["verify", *named])
    except SystemExit as leave:
        return leave.code
    return 0


def altered():
    """Write an answer in which one event was changed."""
    answer = deepcopy(LOG.answer())
    answer["result"]["events"][3]["envelope"]["event"]["actor"] = "mallory <script>"
    return answer


def test_exit_codes(folder, capsys):
    """0 proved, 1 failed, 2 unreadable, 3 nothing wrong found but not proved."""
    assert run(folder, "events.json", "--roots", "roots.json") == 0
    assert "proved: 8 events (8 proved)" in capsys.readouterr().out
    assert run(folder, "events.json") == 3
    write(folder / "bad.json", altered())
    assert run(folder, "bad.json") == 1
    assert "row 3, received" in capsys.readouterr().out
    (folder / "broken.json").write_text("{", encoding="utf-8")
    assert run(folder, "broken.json") == 2
    assert "line 1" in capsys.readouterr().err
    assert run(folder, "events.json", "--roots", "broken.json") == 2
    assert run(folder, "missing.json") == 2
    assert run(folder, "events.json", "--report", "out.txt") == 2
    assert run(folder, "events.json", "--sign", "roots.json") == 2


def test_complete_fails_what_lacks_events(folder):
    """With --complete a range that lacks an event fails; without it the rest is proved."""
    events = LOG.events()
    del events[2]
    write(folder / "part.json", LOG.answer(events))
    assert run(folder, "part.json", "--roots", "roots.json") == 0
    assert run(folder, "part.json", "--roots", "roots.json", "--complete") == 1


def test_saved_frames_are_read_too(folder):
    """Parquet files of `pandakit.save` stand for events and for roots."""
    import pandas as pd

    pk.save(pk.pangea.load(folder / "events.json"), folder / "events.parquet")
    pk.save(pd.DataFrame(LOG.roots()), folder / "roots.parquet")
    assert run(folder, "events.parquet", "--roots", "roots.parquet") == 0


@pytest.mark.parametrize("column", ["actor", "received_at", "new"])
def test_an_edited_frame_is_not_proved(folder, capsys, column):
    """Only envelopes are verified, so a saved frame whose other columns differ is refused."""
    import pandas as pd

    frame = pk.pangea.load(folder / "events.json")
    frame.loc[2, column] = pd.Timestamp(0, tz="UTC") if column == "received_at" else "mallory"
    pk.save(frame, folder / "edited.parquet")
    assert run(folder, "edited.parquet", "--roots", "roots.json") == 2
    assert f"row 2, column {column}: the frame was edited" in capsys.readouterr().err
    pk.save(frame[["envelope", "hash"]], folder / "part.parquet")
    assert run(folder, "part.parquet", "--roots", "roots.json") == 3


@pytest.mark.parametrize("suffix", ["json", "html"])
def test_the_same_input_and_time_give_the_same_bytes(folder, suffix):
    """A report depends on the input and on --at, and on nothing else."""
    for name in ("one", "two"):
        options = ("--roots", "roots.json", "--at", AT, "--report", f"{name}.{suffix}")
        assert run(folder, "events.json", *options) == 0
    one, two = ((folder / f"{name}.{suffix}").read_bytes() for name in ("one", "two"))
    assert one == two


def report_of(folder, events="events.json", *options):
    """Write a report; gives it."""
    run(folder, events, "--at", AT, "--report", "report.json", "--force", *options)
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


def test_what_a_report_says(folder):
    """Input, verdict, counts, failures, the roots that prove, and hashes of rows and report."""
    report = report_of(folder, "events.json", "--roots", "roots.json")
    assert report["verified_at"] == "2026-03-01T12:00:00+00:00"
    assert report["input"]["name"] == "events.json"
    assert report["input"]["bytes"] == (folder / "events.json").stat().st_size
    assert (report["verdict"], report["counts"], report["failures"]) == (
        "proved",
        {"proved": 8},
        [],
    )
    assert report["roots"][-1]["url"] == "https://arweave.example.net/4"
    assert report["roots"][-1]["published_at"] == LOG.root()["published_at"]
    assert report["keys"] is None
    write(folder / "bad.json", altered())
    failed = report_of(folder, "bad.json")
    assert failed["failures"][0]["row"] == "3"
    assert failed["failures"][0]["reason"].startswith("hash: ")


def test_a_report_overwrites_nothing_unless_asked(folder, capsys):
    """An existing file stays, and keeps its permissions where it is replaced with --force."""
    there = folder / "out.json"
    there.write_text("mine")
    there.chmod(0o600)
    assert run(folder, "events.json", "--report", "out.json") == 2
    assert "out.json exists already" in (err := capsys.readouterr().err)
    assert "--force" in err
    assert there.read_text() == "mine"
    assert run(folder, "events.json", "--report", "out.json", "--force") == 3
    assert json.loads(there.read_text())["verdict"] == "intact"
    assert there.stat().st_mode & 0o777 == 0o600


def test_a_page_is_escaped(folder):
    """What stands in a file is text on the page, whatever it looks like."""
    name = "a <b>.json"
    write(folder / name, altered())
    assert run(folder, name, "--report", "out.html") == 1
    page = (folder / "out.html").read_text(encoding="utf-8")
    assert "<b>" not in page
    assert "a &lt;b&gt;.json" in page


def test_a_page_shows_what_the_report_says(folder):
    """Every value of the JSON form stands on the page: verdict, input, hashes, roots, failures."""
    write(folder / "bad.json", altered())
    options = ("--roots", "roots.json", "--at", AT, "--force")
    for name in ("report.json", "out.html"):
        run(folder, "bad.json", *options, "--report", name)
    page = html.unescape((folder / "out.html").read_text(encoding="utf-8"))
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    shown = [report[name] for name in ("verdict", "format", "rows_sha256", "report_sha256")]
    shown += [report["verified_at"], report["input"]["name"], report["input"]["sha256"]]
    shown += [root["root_hash"] for root in report["roots"]]
    shown += [row["reason"] for row in report["failures"]]
    assert report["roots"]
    assert report["failures"]
    assert [value for value in shown if value not in page] == []


def test_a_report_is_checked_with_one_command(folder, capsys):
    """File, roots and report: verified again and compared; another name of the file is no other."""
    report_of(folder, "events.json", "--roots", "roots.json")
    (folder / "copy.json").write_bytes((folder / "events.json").read_bytes())
    for name in ("events.json", "copy.json"):
        assert run(folder, name, "--roots", "roots.json", "--against", "report.json") == 0
    assert "makes the same report" in capsys.readouterr().out
    assert run(folder, "events.json", "--against", "report.json") == 1
    assert "verifying the file again finds a different" in capsys.readouterr().err


CHANGES = {
    "verdict": lambda report: report | {"verdict": "intact"},
    "counts": lambda report: report | {"counts": {"proved": 9}},
    "time": lambda report: report | {"verified_at": "2026-03-02T12:00:00+00:00"},
    "no time": lambda report: report | {"verified_at": 5},
    "input": lambda report: report | {"input": 5},
    "bytes": lambda report: report | {"input": report["input"] | {"bytes": 1}},
    "rows": lambda report: report | {"rows_sha256": 64 * "0"},
    "roots": lambda report: report | {"roots": []},
    "own hash": lambda report: report | {"report_sha256": 64 * "0"},
    "member": lambda report: report | {"note": "x"},
    "complete": lambda report: report | {"complete": True},
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_altered_report_is_found_out(folder, change):
    """Whatever member is changed, the check exits with 1."""
    report = report_of(folder, "events.json", "--roots", "roots.json")
    write(folder / "report.json", CHANGES[change](report))
    options = ("--roots", "roots.json", "--against", "report.json")
    assert run(folder, "events.json", *options) == 1


REHASHED = {
    "counts": {"counts": {"proved": 9}},
    "complete": {"complete": 0},  # equal to `False` in Python, and another text
    "keys": None,
    "note": {"note": None},
}


@pytest.mark.parametrize("name", REHASHED)
def test_a_rehashed_report_is_found_out(folder, capsys, name):
    """A report that was changed and hashed again still contradicts the file."""
    from pandakit.pangea.report import _hash

    body = report_of(folder, "events.json", "--roots", "roots.json")
    del body["report_sha256"]
    if REHASHED[name] is None:
        del body[name]
    else:
        body |= REHASHED[name]
    write(folder / "report.json", body | {"report_sha256": _hash(body)})
    options = ("--roots", "roots.json", "--against", "report.json")
    assert run(folder, "events.json", *options) == 1
    assert f"a different {name}" in capsys.readouterr().err


def test_a_report_with_a_repeated_key_is_not_read(folder, capsys):
    """Programs disagree about which value of a repeated key counts, so neither is compared."""
    report_of(folder, "events.json")
    text = (folder / "report.json").read_text(encoding="utf-8")
    (folder / "report.json").write_text(
        text.replace('"bytes"', '"bytes": 1, "bytes"', 1), encoding="utf-8"
    )
    assert run(folder, "events.json", "--against", "report.json") == 2
    assert "not a report" in capsys.readouterr().err


def test_a_report_of_another_file_is_found_out(folder, capsys):
    """A report belongs to the bytes of its file."""
    report_of(folder, "events.json", "--roots", "roots.json")
    write(folder / "other.json", LOG.result())
    options = ("--roots", "roots.json", "--against", "report.json")
    assert run(folder, "other.json", *options) == 1
    assert "about another file" in capsys.readouterr().err
    (folder / "no.json").write_text("[]", encoding="utf-8")
    assert run(folder, "events.json", "--against", "no.json") == 2


def test_reports_are_signed_and_signatures_checked(folder, capsys):
    """--sign adds an Ed25519 signature over the report; another one, or none of it, fails."""
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    private = serialization.PrivateFormat
    for kind, form in (("pem", private.PKCS8), ("ssh", private.OpenSSH)):
        data = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        (folder / f"key.{kind}").write_bytes(data)
        report = report_of(folder, "events.json", "--sign", f"key.{kind}")
        assert (
            report["public_key"] == base64.b64encode(key.public_key().public_bytes_raw()).decode()
        )
        assert run(folder, "events.json", "--against", "report.json") == 3
    write(folder / "report.json", report | {"signature": base64.b64encode(bytes(64)).decode()})
    assert run(folder, "events.json", "--against", "report.json") == 1
    assert "signature does not match this report" in capsys.readouterr().err
    assert run(folder, "events.json", "--report", "x.json", "--sign", "roots.json") == 2


def test_trusted_keys_are_in_the_report(folder):
    """--key says who may sign; the report names the keys, and its check uses them."""
    key = "lvOyDMpK2DQ16NI8G41yINl01wMHzINBahtDPoh4+mE="
    (folder / "key.txt").write_text(key + "\n", encoding="utf-8")
    report = report_of(folder, "events.json", "--key", "key.txt")
    assert report["keys"] == [key]
    assert run(folder, "events.json", "--against", "report.json") == 3
    (folder / "bad.txt").write_text("nonsense", encoding="utf-8")
    assert run(folder, "events.json", "--key", "bad.txt") == 2
