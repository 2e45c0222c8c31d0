"""The fault scenarios as rows: what goes wrong, what must come of it, and where it applies.

The ids are those of the reliability page (`docs/reliability.md`): T transport, S status and rate
limits, X security, P paging and data, J jobs.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from pandakit.errors import (
    AuthenticationError,
    ConflictError,
    GoneError,
    InvalidRequestError,
    JobFailedError,
    NotFoundError,
    OutcomeUnknownError,
    PaginationError,
    PandakitError,
    PermissionDeniedError,
    ProtocolError,
    RateLimitError,
    ServerError,
    TransportError,
)
from tests.tokens import CANARY
from tests.transport.fault_kinds import (
    absent_alias,
    again_the_row_before,
    alias,
    body,
    bomb,
    broken_chunk,
    chunks_without_end,
    closed_after,
    dated,
    early_hints,
    edited,
    gzip_cut,
    gzip_cut_in_its_second_piece,
    gzip_damaged,
    gzip_in_two_pieces,
    gzip_lie,
    headed,
    headers,
    huge_cursor,
    length_told_twice,
    next_is,
    no_first_byte,
    null_alias,
    one_byte_short,
    one_byte_short_but_json,
    past_date,
    raw,
    redirect,
    reset_before_any_byte,
    reset_in_body,
    reset_in_headers,
    reworked,
    short_page,
    sleeps_8_hours,
    stall_at_last_byte,
    status,
    surplus_bytes,
    trickling_body,
    trickling_headers,
)
from tests.transport.faultserver import CLOSE, Fault
from tests.transport.operations import cursor_for

FOREIGN = "https://elsewhere.example"
RECOVERS, REFUSES, TOLERATES = "recovers", "refuses", "tolerates"
ONCE, TWICE, EVER = "once", "twice", "always"


@dataclass(frozen=True)
class Scenario:
    """One row.

    Parameters
    ----------
    id, says
        Row of the reference, and the fault in words.
    faults
        Variants of the fault; the cases take turns.
    rule
        `recovers`: a repetition heals it, for ever is `error`; `refuses`: `error` at once;
        `tolerates`: the whole comes in spite of it.
    errors
        One error class for all variants, or one each.
    operations
        Where it makes sense; empty for everywhere.
    positions
        Where in the operation; empty for everywhere.
    unsent
        Whether a write may be repeated after it (nothing was done).
    answered
        Whether a write knows its outcome after it.
    dial
        Whether it strikes before there is a connection.
    warns
        A piece of the warning that comes with it.
    polled
        Another error while a job is looked at.
    ends
        Whether nothing can be resumed after it.
    silent
        Whether the read deadline must fire, and is made short for it.
    """

    id: str
    says: str
    faults: tuple[Fault, ...]
    rule: str
    errors: tuple[type[PandakitError], ...] = ()
    operations: tuple[str, ...] = ()
    positions: tuple[str, ...] = ()
    persistence: tuple[str, ...] = (ONCE, TWICE, EVER)
    unsent: bool = False
    answered: bool = False
    dial: bool = False
    warns: str = ""
    polled: type[PandakitError] | None = None
    ends: bool = False
    silent: bool = False


LIST, NUMBERED, OFFSET = "Panther list", "BigPanda list", "Pangea search"
POLLED, WRITTEN = "job polling", "upload"
PAGED = (LIST, NUMBERED, OFFSET)
READS = (*PAGED, POLLED)
LATER = ("middle", "last")
NOT_JSON = (
    reworked(lambda text: text[:-1]),
    reworked(lambda text: text[:-1] + b",}"),
    reworked(lambda text: text + text),
    reworked(lambda text: text.decode().encode("utf-16")),
    reworked(lambda text: text[:-1] + b', "x": NaN}'),
    reworked(lambda text: text[:-1] + b', "x": -Infinity}'),
    reworked(lambda text: text[:-1] + b', "x": 1e999}'),
    reworked(lambda text: text[:-1] + b', "x": "\xff"}'),
)

SCENARIOS: tuple[Scenario, ...] = (
    Scenario("T1", "connection refused", (raw("refused"),), RECOVERS, (TransportError,),
             unsent=True, dial=True),
    Scenario("T2", "the name does not resolve", (raw("unknown"),), RECOVERS, (TransportError,),
             unsent=True, dial=True),
    Scenario("T3", "reset before or in the headers", (reset_before_any_byte, reset_in_headers),
             RECOVERS, (TransportError,)),
    Scenario("T4", "reset in the body", (reset_in_body,), RECOVERS, (TransportError,)),
    Scenario("T5", "fewer bytes than Content-Length", (
        one_byte_short, one_byte_short_but_json, length_told_twice,
    ), RECOVERS, (TransportError,)),
    Scenario("T6", "chunks without an end", (chunks_without_end, broken_chunk), RECOVERS,
             (TransportError,)),
    Scenario("T7", "more bytes than Content-Length", (surplus_bytes,), REFUSES, (ProtocolError,)),
    Scenario("T8", "no connection in time", (raw("silent"),), RECOVERS, (TransportError,),
             unsent=True, dial=True),
    Scenario("T9", "no first byte", (no_first_byte,), RECOVERS, (TransportError,),
             positions=("middle", "only"), silent=True),
    Scenario("T10", "one byte every 5 s", (trickling_body, trickling_headers), REFUSES,
             (TransportError,)),
    Scenario("T11", "stall at the last byte", (stall_at_last_byte,), RECOVERS, (TransportError,),
             positions=("middle", "only"), silent=True),
    Scenario("T12", "kept connection closed between calls", (closed_after,), TOLERATES),
    Scenario("T16", "garbage instead of HTTP", (
        raw(b"SSH-2.0-OpenSSH_9.0\r\n", CLOSE),
        raw(b"HTTP/1.1 200 X\r\n" + b"X-A: b\r\n" * 300 + b"\r\n", CLOSE),
        raw(b"HTTP/1.1 200 X\r\nX-Long: " + b"x" * 70_000 + b"\r\n\r\n", CLOSE),
        headed(b"200 X", b"no colon"),
        headed(b"200 X", b"Content-Length: +2"),
        headed(b"200 X", b"Content-Length: 2", b"Content-Length: 3"),
        headed(b"200 X", b"Transfer-Encoding: gzip, chunked"),
        headed(b"206 X", b"Content-Range: bytes 0-1/9"),
        headed(b"101 X", b"Upgrade: websocket"),
    ), REFUSES, (ProtocolError,)),
    Scenario("T16b", "an early answer before the answer", (early_hints,), TOLERATES,
             positions=("first", "only"), persistence=(ONCE, EVER)),
    Scenario("T17", "damaged compression", (
        gzip_damaged, gzip_cut, gzip_cut_in_its_second_piece, gzip_lie,
    ), RECOVERS,
             (TransportError,)),
    Scenario("T17b", "compressed in two pieces", (gzip_in_two_pieces,), TOLERATES,
             positions=("middle", "only"), persistence=(ONCE,)),
    Scenario("T18", "decompression bomb", (bomb,), REFUSES, (ProtocolError,)),
    Scenario("S1", "429 with Retry-After: 3", (status(429, Retry_After="3"),), RECOVERS,
             (RateLimitError,), unsent=True),
    Scenario("S2", "429 with a date", (dated,), RECOVERS, (RateLimitError,), unsent=True),
    Scenario("S3", "malformed Retry-After", (
        past_date,
        status(429, Retry_After="-3"),
        status(429, Retry_After="2.5"),
        status(429, Retry_After="soon"),
        status(429, Retry_After=""),
        status(429, Retry_After="3, 5"),
        status(429, Retry_After="Wed, 99 Foo 2026"),
        status(429, Retry_After=f"Wed, 01 Jan {10**20} 00:00:00 GMT"),
        status(429, Date=f"Wed, 01 Jan {10**20} 00:00:00 GMT"),
    ), RECOVERS, (RateLimitError,), unsent=True),
    Scenario("S4", "Retry-After of a day", (status(429, Retry_After="86400"),), REFUSES,
             (RateLimitError,), answered=True),
    Scenario("S5", "429 without a header", (status(429),), RECOVERS, (RateLimitError,),
             unsent=True),
    Scenario("S7", "500, 502, 504", (status(500), status(502), status(504)), RECOVERS,
             (ServerError,)),
    Scenario("S7b", "503", (status(503), status(503, Retry_After="1")), RECOVERS, (ServerError,),
             persistence=(ONCE, EVER), unsent=True),
    Scenario("S8", "501, 400, 405, 410, 422", (
        status(501), status(400), status(405), status(410), status(422),
    ), REFUSES, (ServerError, InvalidRequestError, InvalidRequestError, GoneError,
                 InvalidRequestError), answered=True),
    Scenario("S9", "401", (status(401),), REFUSES, (AuthenticationError,), answered=True),
    Scenario("S11", "403", (status(403),), REFUSES, (PermissionDeniedError,), answered=True),
    Scenario("S12", "408, 425", (status(408), status(425)), RECOVERS, (InvalidRequestError,)),
    Scenario("S13", "409", (status(409),), REFUSES, (ConflictError,), answered=True),
    Scenario("S14", "an HTML page with 200", (
        body(b"<!doctype html><title>Log in</title>" + CANARY.encode(), "text/html"),
        body(b"\n <html>proxy</html>"),
    ), REFUSES, (ProtocolError,)),
    Scenario("S15", "an error envelope with 200", (
        status(200, {"status": "ValidationError", "summary": "bad query", "result": None}),
    ), REFUSES, (InvalidRequestError,), (OFFSET,)),
    Scenario("S15b", "a passing error in an envelope with 200", (
        status(200, {"status": "TooManyRequests", "summary": "slow down", "result": None}),
    ), RECOVERS, (RateLimitError,), (OFFSET,)),
    Scenario("S16", "an empty body", (body(b""), body(b" \r\n")), REFUSES, (ProtocolError,)),
    Scenario("S16b", "204", (body(b"", code=204),), REFUSES, (ProtocolError,),
             (LIST, OFFSET, POLLED, WRITTEN)),
    Scenario("S16c", "204 for a later page", (body(b"", code=204),), REFUSES, (ProtocolError,),
             (NUMBERED,), LATER),
    Scenario("S19", "the machine slept 8 hours", (sleeps_8_hours,), REFUSES, (TransportError,)),
    Scenario("X1", "redirect elsewhere", (
        redirect("https://elsewhere.example/x"), redirect("http://127.0.0.1:9/x"),
        redirect("//elsewhere.example"), redirect("ftp://127.0.0.1/x"),
    ), REFUSES, (ProtocolError,), answered=True),
    Scenario("X2", "redirect to itself", (redirect("/"),), REFUSES, (ProtocolError,),
             answered=True),
    Scenario("X4", "the token echoed in an error", (
        status(400, {"message": f"bad token {CANARY}"}),
        status(400, {"errors": [f"Bearer {CANARY} is odd"]}),
        body(f"{quote(CANARY, safe='')} and {CANARY}".encode(), "text/plain", 400),
    ), REFUSES, (InvalidRequestError,), answered=True),
    Scenario("X5", "a search on a foreign host", (
        edited(lambda document, _: {**document, "result": {"location": f"{FOREIGN}/request/1"}}),
        edited(lambda document, _: {**document, "result": {"location": "/request/../admin"}}),
    ), TOLERATES, (), (OFFSET,), ("first",), (ONCE, TWICE), warns="polled there instead"),
    Scenario("X5b", "a job on a foreign host", (
        headers(Location=f"{FOREIGN}/jobs/1"), headers(Location="/admin"),
        headers(Location="http://[bad/x"),
    ), TOLERATES, (), (WRITTEN,), warns="is not one of its own"),
    Scenario("X10", "10,000 nested levels", (
        body(b"[" * 10_000 + b"]" * 10_000),
        body(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    ), REFUSES, (ProtocolError,), operations=READS),
    Scenario("P1", "the same cursor again", (
        edited(lambda document, request: {**document, "next": request.arg("cursor")}),
    ), REFUSES, (PaginationError,), (LIST,), LATER),
    Scenario("P2", "a cycle of cursors", (next_is(cursor_for(3)),), REFUSES, (PaginationError,),
             (LIST,), ("last",)),
    Scenario("P4", "a row comes twice", (edited(again_the_row_before),), TOLERATES, (),
             (LIST, NUMBERED), ("last",), (ONCE,)),
    Scenario("P5", "fewer rows than the service counts", (
        edited(lambda document, _: {**document, "items": []}),
    ), REFUSES, (PaginationError,), (NUMBERED,)),
    Scenario("P6", "a short page with a cursor", (edited(short_page),), TOLERATES, (), (LIST,),
             ("first", "middle"), (ONCE,)),
    Scenario("P7", "an empty page with a cursor", (
        edited(alias), edited(null_alias), edited(absent_alias),
    ), TOLERATES, (), (LIST,), persistence=(ONCE, TWICE)),
    Scenario("P7b", "empty pages for ever", (edited(alias),), REFUSES, (PaginationError,), (LIST,),
             persistence=(EVER,)),
    Scenario("P9", "the end: null, empty, absent", (next_is(None), next_is("")), TOLERATES, (),
             (LIST,), ("last",)),
    Scenario("P9b", "a cursor that is no text", (next_is(7), next_is(["a"]), next_is({"a": 1}),
                                                 next_is(False)),
             REFUSES, (ProtocolError,), (LIST,)),
    Scenario("P10", "a cursor of 4 KB with reserved characters", (edited(huge_cursor),),
             TOLERATES, (), (LIST,), ("first", "middle")),
    Scenario("P12", "not JSON", NOT_JSON, REFUSES, (ProtocolError,), operations=READS),
    Scenario("P12b", "a byte order mark", (reworked(lambda text: b"\xef\xbb\xbf" + text),),
             TOLERATES, operations=READS),
    Scenario("P13", "a key twice in one object", (
        reworked(lambda text: b'{"x": 1, "x": 2,' + text[1:]),
    ), TOLERATES, operations=READS, warns="repeats the keys"),
    Scenario("P16", "the list is no list", (
        edited(lambda document, _: {**document, "results": {"a": 1}, "items": "abc",
                                    "result": {"events": 7, "count": 9},
                                    "status": "Success"}),
        edited(lambda document, _: {**document, "results": [1, 2], "items": [[]],
                                    "result": {"events": [None]}, "status": "Success"}),
        edited(lambda document, _: {"message": "all is well", "status": "Success"}),
    ), REFUSES, (ProtocolError,), PAGED, LATER),
    Scenario("P16b", "the answer is no object", (body(b'"text"'), body(b"7"), body(b"null")),
             REFUSES, (ProtocolError,), PAGED),
    Scenario("J3", "404 while the job is young", (status(404),), RECOVERS, (), (POLLED,),
             ("first",), polled=OutcomeUnknownError, ends=True),
    Scenario("J4", "404 of a job that was seen", (status(404),), REFUSES, (OutcomeUnknownError,),
             (POLLED,), LATER, (ONCE, EVER), ends=True),
    Scenario("J5", "an unknown state word", (
        edited(lambda document, _: {**document, "status": "indexing"}),
        edited(lambda document, _: {**document, "status": ""}),
        edited(lambda document, _: {"job_id": "job 1"}),
    ), RECOVERS, (), (POLLED,), warns="unknown state"),
    Scenario("J2", "the job failed, with a message", (
        edited(lambda document, _: {**document, "status": "failed",
                                    "message": f"Truncated final frame {CANARY}"}),
        edited(lambda document, _: {**document, "status": "FAILED", "message": ""}),
    ), REFUSES, (JobFailedError,), (POLLED,), persistence=(ONCE, EVER), ends=True),
    Scenario("S8b", "404", (status(404),), REFUSES, (NotFoundError,), (LIST, NUMBERED, WRITTEN),
             answered=True),
)  # fmt: skip
