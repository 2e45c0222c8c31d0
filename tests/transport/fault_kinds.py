# ruff: noqa: D103 - helpers of the tests, whose names say what they do
"""How a service fails: what goes over the wire in the place of a good answer."""

from __future__ import annotations

import email.utils
import gzip
import json
import zlib
from typing import TYPE_CHECKING, Any

from tests.transport.faultserver import CLOSE, RESET, STALL, Answer, Fault, Request, Step, Tick
from tests.transport.operations import ROWS, cursor_for, offset_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BOMB = zlib.compress(b"[" + b" " * (8 << 20) + b"]")


def _cut(wire: bytes, share: float) -> bytes:
    head, _, body = wire.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n" + body[: int(len(body) * share)]


def reset_before_any_byte(_: Request, __: Answer) -> list[Step]:
    return [RESET]


def reset_in_headers(_: Request, answer: Answer) -> list[Step]:
    return [answer.wire()[:25], RESET]


def reset_in_body(_: Request, answer: Answer) -> list[Step]:
    return [_cut(answer.wire(), 0.5), RESET]


def one_byte_short(_: Request, answer: Answer) -> list[Step]:
    return [answer.wire()[:-1], CLOSE]


def one_byte_short_but_json(_: Request, answer: Answer) -> list[Step]:
    """The JSON is complete, only white space is missing: no parser would notice."""
    content = answer.content()
    return [answer.head(len(content) + 1) + content, CLOSE]


def length_told_twice(_: Request, answer: Answer) -> list[Step]:
    """A byte is missing, and the length stands there twice."""
    length = str(len(answer.content()))
    return [answer.but(headers={"Content-Length": f"{length}, {length}"}).wire()[:-1], CLOSE]


def chunks_without_end(_: Request, answer: Answer) -> list[Step]:
    body = answer.content()
    head = answer.head(**{"Transfer-Encoding": "chunked"})
    return [head + f"{len(body):x}\r\n".encode() + body + b"\r\n", CLOSE]


def broken_chunk(_: Request, answer: Answer) -> list[Step]:
    body = answer.content()
    head = answer.head(**{"Transfer-Encoding": "chunked"})
    return [head + f"{len(body) + 9:x}\r\n".encode() + body, CLOSE]


def surplus_bytes(_: Request, answer: Answer) -> list[Step]:
    return [answer.wire() + b"HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\n{}"]


def no_first_byte(_: Request, __: Answer) -> list[Step]:
    return [STALL]


def stall_at_last_byte(_: Request, answer: Answer) -> list[Step]:
    return [answer.wire()[:-1], STALL]


def _trickle(wire: bytes, start: int) -> Iterator[Step]:
    yield wire[:start]
    for i in range(start, len(wire)):
        yield Tick(5.0)
        yield wire[i : i + 1]


def trickling_body(_: Request, answer: Answer) -> Iterator[Step]:
    padded = answer.but(body=answer.content() + b" " * 200)
    return _trickle(padded.wire(), len(padded.head()))


def trickling_headers(_: Request, answer: Answer) -> Iterator[Step]:
    return _trickle(answer.but(headers={**answer.headers, "X-Pad": "x" * 200}).wire(), 10)


def closed_after(_: Request, answer: Answer) -> list[Step]:
    return [answer.wire(), CLOSE]


def raw(*steps: Step) -> Fault:
    return lambda _, __: list(steps)


def _gzipped(answer: Answer, data: bytes, label: str = "gzip") -> Answer:
    return answer.but(body=data, headers={**answer.headers, "Content-Encoding": label})


def gzip_damaged(_: Request, answer: Answer) -> Answer:
    data = bytearray(gzip.compress(answer.content()))
    data[15] ^= 0xFF
    data[-6] ^= 0xFF
    return _gzipped(answer, bytes(data))


def gzip_cut(_: Request, answer: Answer) -> Answer:
    return _gzipped(answer, gzip.compress(answer.content())[:-12])


def gzip_cut_in_its_second_piece(_: Request, answer: Answer) -> Answer:
    """The JSON is complete already: no parser would notice."""
    return _gzipped(answer, gzip.compress(answer.content()) + gzip.compress(b"\n" * 99)[:-3])


def gzip_in_two_pieces(_: Request, answer: Answer) -> Answer:
    content = answer.content()
    return _gzipped(answer, gzip.compress(content[:9]) + gzip.compress(content[9:]) + b"\0" * 9)


def early_hints(_: Request, answer: Answer) -> list[Step]:
    return [b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n" + answer.wire()]


def headed(*lines: bytes) -> Fault:
    """Answer well, under other headers, and close."""

    def fault(_: Request, answer: Answer) -> list[Step]:
        head = b"HTTP/1.1 " + b"\r\n".join(lines) + b"\r\n\r\n"
        return [head + answer.content(), CLOSE]

    return fault


def headers(**named: str) -> Fault:
    """Answer well, with other headers, and without the body's own address of a job."""

    def fault(_: Request, answer: Answer) -> Answer:
        document = {key: value for key, value in answer.document.items() if key != "trigger_uri"}
        return answer.but(document=document, headers={**answer.headers, **named})

    return fault


def gzip_lie(_: Request, answer: Answer) -> Answer:
    return _gzipped(answer, answer.content())


def bomb(_: Request, answer: Answer) -> Answer:
    return _gzipped(answer, BOMB, "deflate")


def status(code: int, document: Any = None, **headers: str) -> Fault:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    body = {"message": f"no: {code}"} if document is None else document
    return lambda _, __: Answer(body, code, named)


def past_date(_: Request, __: Answer) -> Answer:
    return Answer({}, 429, {"Retry-After": "Thu, 01 Jan 1970 00:00:10 GMT"})


def dated(_: Request, __: Answer) -> Answer:
    """Three seconds from now by the service's clock, which is ten minutes off ours."""
    now = 1_700_000_600
    return Answer(
        {},
        429,
        {
            "Date": email.utils.formatdate(now, usegmt=True),
            "Retry-After": email.utils.formatdate(now + 3, usegmt=True),
        },
    )


def body(content: bytes, content_type: str = "application/json", code: int = 0) -> Fault:
    def fault(_: Request, answer: Answer) -> Answer:
        return Answer(
            status=code or answer.status, body=content, headers={"Content-Type": content_type}
        )

    return fault


def reworked(change: Callable[[bytes], bytes]) -> Fault:
    return lambda _, answer: answer.but(body=change(answer.content()))


def edited(change: Callable[[dict[str, Any], Request], Any]) -> Fault:
    """Change the document of the good answer."""

    def fault(request: Request, answer: Answer) -> Answer:
        document = json.loads(answer.content())
        changed = change(document, request)
        return answer.but(document=document if changed is None else changed)

    return fault


def sleeps_8_hours(_: Request, __: Answer) -> list[Step]:
    return [Tick(8 * 3600.0), RESET]


def redirect(location: str) -> Fault:
    return lambda _, __: Answer({}, 302, {"Location": location})


def again_the_row_before(document: dict[str, Any], request: Request) -> None:
    """A row moved while we read: the page begins with the last row of the page before."""
    rows = document.get("results") or document["items"]
    rows.insert(0, ROWS[ROWS.index(rows[0]) - 1])
    if "total" in document:
        document["total"] += 1


def alias(document: dict[str, Any], request: Request) -> dict[str, Any]:
    """An empty page that points, by another text, to the page that was asked for."""
    cursor = json.loads(request.arg("cursor") or cursor_for(0))
    cursor["try"] = cursor.get("try", 0) + 1
    return {"results": [], "next": json.dumps(cursor)}


def null_alias(document: dict[str, Any], request: Request) -> dict[str, Any]:
    return {**alias(document, request), "results": None}


def absent_alias(document: dict[str, Any], request: Request) -> dict[str, Any]:
    return {"next": alias(document, request)["next"]}


def short_page(document: dict[str, Any], request: Request) -> None:
    if len(document["results"]) > 1:
        document["results"] = document["results"][:1]
        document["next"] = cursor_for(offset_of(request.arg("cursor")) + 1)


def huge_cursor(document: dict[str, Any], request: Request) -> None:
    if document.get("next"):
        cursor = {**json.loads(document["next"]), "pad": "%&+ é\n" * 700}
        document["next"] = json.dumps(cursor)


def next_is(value: Any) -> Fault:
    return edited(lambda document, _: {**document, "next": value})
