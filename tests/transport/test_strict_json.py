"""Reading a JSON document: strict, and in time and memory that its size bounds."""

import json
import time
import tracemalloc

import pytest
from hypothesis import given, strategies as st

from pandakit.errors import ProtocolError, ServiceWarning, TransportError
from pandakit.transport import Reply
from pandakit.transport.reply import MEMORY_FACTOR, read_json
from tests.fuzz import examples

MEGABYTE = 1_000_000


def reply(content, **fields):
    """Make an answer."""
    return Reply(200, {}, content, "http://127.0.0.1/x", **fields)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)  # fmt: skip


@examples(quick=30, full=5_000)
@given(JSON)
def test_every_document_comes_back(document):
    """What Python writes as JSON is read equal."""
    assert read_json(json.dumps(document).encode()) == document


DENSE = {
    "empty lists": b"[" + b"[]," * (30 * MEGABYTE // 3) + b"[]]",
    "empty objects": b"[" + b"{}," * (30 * MEGABYTE // 3) + b"{}]",
    "one cell": b'{"results": [{"id": "a", "x": [' + b"[]," * (30 * MEGABYTE // 3) + b"[]]}]}",
    "tiny objects": b"[" + b'{"a":1},' * (50 * MEGABYTE // 8) + b"{}]",
    "tiny texts": b"[" + b'"ab",' * (90 * MEGABYTE // 5) + b"1]",
    "numbers": b"[" + b"300," * (32 * MEGABYTE // 4) + b"1]",
    "negative numbers": b"[" + b"-9," * (32 * MEGABYTE // 3) + b"1]",
    "one large object": b"{" + b'"a":0,' * (30 * MEGABYTE // 6) + b'"b":1}',
}


@pytest.mark.parametrize("kind", DENSE)
def test_memory_is_bounded_by_size(kind):
    """A document that would take far more memory than 8 times its size is refused, unread."""
    content = DENSE[kind]
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError, match="ask for less at a time"):
            reply(content).json()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < MEMORY_FACTOR * len(content)


def test_brackets_within_text_take_no_memory():
    """A text full of brackets and quotation marks is one text, however long it is."""
    text = '[{"a": [],' * (4 * MEGABYTE)
    assert read_json(json.dumps([text]).encode()) == [text]


def test_rows_of_a_service_are_read():
    """Ordinary rows, many of them in one answer, are within the bound."""
    rows = [
        {"id": f"row-{n}", "name": "a name", "tags": ["a", "b"], "n": n} for n in range(300_000)
    ]
    assert len(read_json(json.dumps(rows).encode())) == len(rows)


def test_repeated_keys_are_told_in_linear_time():
    """40,000 repeated keys, in one object, are read and told of as fast as different ones."""

    def spent(keys):
        content = ("{" + ",".join(f'"{key}": 1' for key in keys) + "}").encode()
        before = time.process_time()
        with pytest.warns(ServiceWarning, match="repeats the keys"):
            read_json(content)
        return time.process_time() - before

    half = [*range(20_000)] * 2
    assert spent([*range(400_000), 0]) > spent(half) / 10  # squared it would be a thousand times


def test_the_deadline_holds_while_an_answer_is_read():
    """A call whose time passes while its answer is read ends at once, and says why."""
    left = [3]

    def check():
        left[0] -= 1
        if not left[0]:
            raise TransportError("the total deadline of the call passed")

    with pytest.raises(TransportError, match="total deadline"):
        reply(json.dumps([{"a": n} for n in range(100_000)]).encode(), check=check).json()
