"""Saving a loaded frame and going on with it offline."""

import random

import numpy as np
import pandas as pd
import pytest

from pandakit.errors import PandakitError
from pandakit.snapshot import load, save

FRAME = pd.DataFrame(
    {
        "id": pd.array(["007", "1e10", None], dtype="string[pyarrow]"),
        "python_text": pd.array(["a", "", None], dtype="string[python]"),
        "plain": ["NaN", "null", "🐼"],
        "count": pd.array([2**53 + 1, None, -1], dtype="Int64"),
        "huge": pd.Series([2**70, None, 1], dtype=object),
        "flag": pd.array([True, None, False], dtype="boolean"),
        "at": pd.to_datetime(
            ["2026-01-01T00:00:00.123456789Z", None, "1970-01-01T00:00:00Z"], format="ISO8601"
        ).as_unit("ns"),
        "share": [0.1, np.nan, -0.0],
        "tags": pd.Series([["x", "y"], None, []], dtype=object),
        "context": pd.Series([{"a": {"b": [1, 2.5]}}, {}, None], dtype=object),
        "mixed": pd.Series(["text", 1, {"k": None}], dtype=object),
        "level": pd.Categorical(["high", None, "low"], ["low", "high"], ordered=True),
    }
)
FACTS = {"source": "Panther sandbox", "pages": 3, "window": [None, None], "elapsed_s": 0.123}


def loaded():
    """Give a fresh frame as a loader would."""
    frame = FRAME.copy(deep=True)
    frame.attrs["pandakit"] = dict(FACTS)
    frame.attrs["mine"] = ["kept", 1]
    return frame


@pytest.mark.parametrize("rows", [3, 1, 0])
def test_a_frame_comes_back_equal(tmp_path, rows):
    """Columns, dtypes, index and values come back as they were, with rows or without."""
    frame = loaded().head(rows)
    again = load(save(frame, tmp_path / "frame.parquet"))
    pd.testing.assert_frame_equal(again, frame, check_freq=False)
    assert [str(one) for one in again.dtypes] == [str(one) for one in frame.dtypes]
    assert again["id"].dtype.storage == "pyarrow"


def test_facts_come_back_without_the_volatile(tmp_path):
    """What is in attrs comes back, except for what differs from run to run."""
    attrs = load(save(loaded(), tmp_path / "frame.parquet")).attrs
    assert attrs["pandakit"] == {key: FACTS[key] for key in ("source", "pages", "window")}
    assert attrs["mine"] == ["kept", 1]


def test_equal_loads_give_equal_bytes(tmp_path):
    """Two loads of the same rows that took different time are the same file."""
    slower = loaded()
    slower.attrs["pandakit"]["elapsed_s"] = 99.0
    one, two = save(loaded(), tmp_path / "1"), save(slower, tmp_path / "2")
    assert one.read_bytes() == two.read_bytes()


def test_saving_leaves_the_frame_alone(tmp_path):
    """The caller's frame and its attrs are unchanged by saving."""
    frame = loaded()
    save(frame, tmp_path / "frame.parquet")
    pd.testing.assert_frame_equal(frame, FRAME)
    assert frame.attrs["pandakit"] == FACTS


def test_any_index_comes_back(tmp_path):
    """A frame that was filtered and sorted keeps its index."""
    frame = loaded().iloc[[2, 0]].set_index("plain", drop=False)
    frame.index.name = "key"
    pd.testing.assert_frame_equal(load(save(frame, tmp_path / "f")), frame)


@pytest.mark.parametrize("value", [{1: "a"}, ("a",), object(), float("inf"), {"a": b"x"}])
def test_what_json_cannot_hold_is_refused(tmp_path, value):
    """A value that would not come back the same is a TypeError that says where it stands."""
    frame = pd.DataFrame({"odd": pd.Series([None, value], dtype=object)})
    with pytest.raises(TypeError, match="column 'odd', row 1"):
        save(frame, tmp_path / "f")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("names", [["a", "a"], ["a", 1]])
def test_odd_column_names_are_refused(tmp_path, names):
    """Names that are not text or not unique are a ValueError that says which."""
    with pytest.raises(ValueError, match="column"):
        save(pd.DataFrame([[1, 2]], columns=names), tmp_path / "f")


def test_attrs_without_json_form_are_refused(tmp_path):
    """Facts that JSON cannot hold are a TypeError, not a silent loss."""
    frame = loaded()
    frame.attrs["mine"] = object()
    with pytest.raises(TypeError, match="attrs"):
        save(frame, tmp_path / "f")


def test_other_files_are_refused(tmp_path):
    """A file that is not ours, or was cut, is one clear error."""
    foreign, cut = tmp_path / "foreign", tmp_path / "cut"
    pd.DataFrame({"a": [1]}).to_parquet(foreign)
    with pytest.raises(PandakitError, match="not saved by"):
        load(foreign)
    cut.write_bytes(save(loaded(), tmp_path / "f").read_bytes()[:-20])
    with pytest.raises(PandakitError, match="is damaged"):
        load(cut)


def test_a_failed_save_keeps_the_old_file(tmp_path):
    """An existing file is replaced only by a complete one."""
    path = save(loaded(), tmp_path / "f")
    before = path.read_bytes()
    with pytest.raises(TypeError):
        save(pd.DataFrame({"odd": pd.Series([object()], dtype=object)}), path)
    assert path.read_bytes() == before


def test_a_damaged_file_is_one_typed_error_and_never_another_frame(tmp_path):
    """Each of 400 flipped bytes, and a cut anywhere, is a PandakitError that names the file."""
    frame = pd.DataFrame({"id": ["a", "b"] * 50, "n": range(100), "tags": [["x"], None] * 50})
    frame.attrs["pandakit"] = {"rows": 100}
    path = save(frame, tmp_path / "rules.parquet")
    whole = path.read_bytes()
    chance = random.Random(1)
    damaged = []
    for _ in range(400):
        content = bytearray(whole)
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        damaged.append(bytes(content))
    damaged += [whole[: chance.randrange(len(whole))] for _ in range(50)]
    damaged += [b"", b"PAR1", b"{}", whole + b"x", whole * 2, b"id,name\na,b\n"]
    for content in damaged:
        path.write_bytes(content)
        with pytest.raises(PandakitError, match=r"rules\.parquet is damaged"):
            load(path)
    path.write_bytes(whole)
    pd.testing.assert_frame_equal(load(path), frame)


def test_a_saved_file_keeps_its_permissions_and_leaves_nothing_behind(tmp_path):
    """A file of mode 0600 stays so, a link is replaced and not followed, no other file remains."""
    frame = pd.DataFrame({"id": ["a"]})
    path, outside = tmp_path / "a.parquet", tmp_path / "outside"
    save(frame, path)
    path.chmod(0o600)
    save(frame, path)
    assert path.stat().st_mode & 0o777 == 0o600
    outside.write_text("mine")
    link = tmp_path / "b.parquet"
    link.symlink_to(outside)
    save(frame, link)
    assert outside.read_text() == "mine"
    assert not link.is_symlink()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.parquet", "b.parquet", "outside"]
