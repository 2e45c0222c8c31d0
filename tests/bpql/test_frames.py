"""What a query is held against: frames of every kind, tables, ready codes."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pandakit.bpql import Bpql
from pandakit.errors import EventError

# Tags without a column are part of what is tested here.
pytestmark = pytest.mark.filterwarnings("ignore::pandakit.errors.UnknownFieldWarning")

HOSTS = ["web-1", None, "db-1", "web-2", "db-1"]
WEB = [True, False, False, True, False]
DTYPES = ["object", "string[python]", "string[pyarrow]", "category", pd.ArrowDtype(pa.string())]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_text_dtypes(dtype):
    """Text gives the same mask in every dtype that pandas has for it."""
    frame = pd.DataFrame({"host": pd.Series(HOSTS, dtype=dtype)}).set_axis([9, 9, 7, 1, 0])
    before = frame.copy(deep=True)
    mask = Bpql("host = web*").mask(frame)
    assert isinstance(mask, np.ndarray)
    assert mask.dtype == bool
    assert mask.tolist() == WEB
    assert Bpql("host != web*").mask(frame).tolist() == [not hit for hit in WEB]
    assert Bpql("2").mask(frame).tolist() == [False, False, False, True, False]
    pd.testing.assert_frame_equal(frame, before)


def arrow_forms():
    """Give the hosts as Arrow arrays of different making."""
    text = pa.array(HOSTS)
    chunks = pa.chunked_array([HOSTS[:2], [], HOSTS[2:]])
    with_null = pa.DictionaryArray.from_arrays([0, 1, 2, 3, 2], ["web-1", None, "db-1", "web-2"])
    with_empty = pa.DictionaryArray.from_arrays(
        pa.array([0, 1, 2, 3, 2], pa.uint8()), ["web-1", "", "db-1", "web-2"]
    )
    parts = [pa.array(HOSTS[:2]).dictionary_encode(), pa.array(HOSTS[2:]).dictionary_encode()]
    return [text, text.cast(pa.large_string()), text.dictionary_encode(), chunks,
            chunks.dictionary_encode(), with_null, with_empty, pa.chunked_array(parts)]  # fmt: skip


@pytest.mark.parametrize("values", arrow_forms(), ids=lambda values: str(values.type))
def test_arrow(values):
    """An Arrow table, a batch, and a mapping of arrays or ready codes give the same mask."""
    query = Bpql("host = web*")
    assert query.mask(pa.table({"host": values})).tolist() == WEB
    assert query.mask({"host": values}).tolist() == WEB
    if isinstance(values, pa.Array):
        assert query.mask(pa.record_batch({"host": values})).tolist() == WEB


CELLS = [
    ([80, 443], "tag = 80", [True, False]),
    ([80.0, np.nan], "tag = 80", [True, False]),
    ([np.nan, 0.5], "tag != 0.5", [True, False]),
    ([True, False], "tag = TRUE", [True, False]),
    ([["a", "b"], ["c"], [], None], "tag = b", [True, False, False, False]),
    ([["a", "b"], ["c"], [], None], "tag != b", [False, True, True, True]),
    ([("a", 1), "a|1", 1], "tag = 1", [True, True, True]),
    (pd.Categorical([8, None, 9]), "tag = 9", [False, False, True]),
    (pd.Categorical([]), "tag = 9", []),
    (["a\nb", "a\n"], "tag = a*b", [True, False]),
    (["a\nb", "a\n"], "tag = *a", [False, False]),
    (["a\nb", "a\n"], "a*b", [True, False]),
    (pd.to_datetime(["2026-03-01T00:00Z"]), "tag = 2026-03*", [True]),
]


@pytest.mark.parametrize(("cells", "query", "mask"), CELLS, ids=str)
def test_text_form_of_cells(cells, query, mask):
    """Numbers, booleans, lists, categories and times are compared in their text form."""
    assert Bpql(query).mask(pd.DataFrame({"tag": cells})).tolist() == mask
    assert Bpql(query).mask({"tag": pd.Series(cells)}).tolist() == mask


def test_lists_of_arrow():
    """A list column of Arrow is a tag of several values."""
    table = pa.table({"tag": [["a", "b"], None, ["c"]]})
    assert Bpql("tag = b").mask(table).tolist() == [True, False, False]


@pytest.mark.parametrize("query", ["host = a", "host != a OR b", "*", "b", "x IN [a]"])
@pytest.mark.parametrize(
    "empty",
    [pd.DataFrame(), pd.DataFrame({"host": []}), pa.table({"host": pa.array([], "string")}), {}],
    ids=["no columns", "frame", "table", "mapping"],
)
def test_empty(query, empty):
    """Nothing gives an empty mask of booleans."""
    mask = Bpql(query).mask(empty)
    assert mask.dtype == bool
    assert len(mask) == 0


def test_frame_without_columns_has_rows():
    """A frame with an index and no columns has as many answers as rows."""
    assert Bpql("host != a").mask(pd.DataFrame(index=range(3))).tolist() == [True] * 3


def test_column_names():
    """The exact name wins, then the only one that differs in case; two such are an error."""
    frame = pd.DataFrame({"HOST": ["a"], "Host": ["b"], "Service": ["c"], 7: ["d"]})
    assert Bpql("Host = b").mask(frame).all()
    assert Bpql("HOST = a AND service = c").mask(frame).all()
    with pytest.raises(
        EventError, match=r"tag 'host' .* columns 'HOST', 'Host': .* rename or drop"
    ):
        Bpql("host = a").mask(frame)
    twice = pd.DataFrame([["a", "b"]], columns=["host", "host"])
    with pytest.raises(EventError, match="columns 'host', 'host'"):
        Bpql("host = a").mask(twice)


def test_columns_of_loaded_alerts():
    """A tag is found behind `tag.`, as loaded alerts have it; a plain column comes first."""
    frame = pd.DataFrame({"status": ["ok"], "tag.Status": ["critical"], "tag.Cluster": ["eu"]})
    assert Bpql("cluster = eu AND status = ok").mask(frame).all()
    assert Bpql("cluster = eu").columns == ("cluster",)
    doubled = frame.assign(**{"tag.cluster": "us"})
    with pytest.raises(EventError, match=r"columns 'tag\.Cluster', 'tag\.cluster'"):
        Bpql("cluster = eu").mask(doubled)


def test_source_system_falls_back_to_app_key():
    """`source_system` is its own column where there is one, else `app_key`."""
    frame = pd.DataFrame({"app_key": ["api.a", "api.b"]})
    query = Bpql("source_system = *.a")
    assert query.mask(frame).tolist() == [True, False]
    assert query.mask(frame.assign(source_system=[None, "x.a"])).tolist() == [False, True]
    assert query.columns == ("source_system",)


def test_keyword_does_not_look_at_times():
    """A keyword is looked for in tags, so not in the event's timestamp or in other times."""
    frame = pd.DataFrame(
        {
            "timestamp": [1_700_000_000],
            "seen": pd.to_datetime(["2017-01-01T00:00Z"]),
            "naive": pd.to_datetime(["2017-01-01"]),
            "port": [17],
        }
    )
    assert Bpql("17").mask(frame).all()
    assert not Bpql("17").mask(frame.drop(columns="port")).any()
    table = pa.Table.from_pandas(frame.drop(columns="port"))
    assert not Bpql("17").mask(table).any()


@pytest.mark.parametrize("query", ["extra = a", "a"])
def test_cells_without_text_form(query):
    """Cells that have no text form are an error that names column and row."""
    frame = pd.DataFrame({"host": ["a", "b"], "extra": ["a", {"b": 1}]})
    with pytest.raises(EventError, match="column 'extra', row 1: a dict has no text form"):
        Bpql(query).mask(frame)
    assert Bpql("host = a").mask(frame).tolist() == [True, False]


def test_unequal_lengths():
    """Columns of unequal lengths are refused, whichever of them is short."""
    with pytest.raises(ValueError, match="column 'b' has 1 rows, not 2"):
        Bpql("a = x OR b = x").mask({"a": ["x", "y"], "b": ["x"]})


@pytest.mark.parametrize("source", [None, [["a"]], pd.Series(["a"]), "host"])
def test_not_a_frame(source):
    """What has no named columns is refused."""
    with pytest.raises(TypeError, match="a DataFrame, an Arrow table or a mapping"):
        Bpql("host = a").mask(source)
