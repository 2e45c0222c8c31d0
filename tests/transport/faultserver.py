# ruff: noqa: D101, D102 - helpers of the tests, whose names say what they do
"""A server on loopback that answers well, except where it was told to fail.

Raw sockets, so that resets, cut bodies, lies about the length and slow bytes are real. A fault is
planned by position (the number of good answers before it) and by times, and is counted when it
fires: `unfired` names the faults that never did, and a test that leaves one fails.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.transport.clock import FakeClock

ALWAYS = 10**9


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    def arg(self, name: str, default: str = "") -> str:
        return parse_qs(urlsplit(self.target).query).get(name, [default])[0]

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """A good answer; `document` is sent as JSON unless `body` is given."""

    document: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None

    def content(self) -> bytes:
        return json.dumps(self.document).encode() if self.body is None else self.body

    def head(self, length: int | None = None, **headers: str) -> bytes:
        content = {"Content-Type": "application/json", **self.headers, **headers}
        if "Transfer-Encoding" not in content:
            size = len(self.content()) if length is None else length
            content.setdefault("Content-Length", str(size))
        lines = [f"HTTP/1.1 {self.status} X", *(f"{k}: {v}" for k, v in content.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def wire(self) -> bytes:
        return self.head() + self.content()

    def but(self, **changes: Any) -> Answer:
        return replace(self, **changes)


@dataclass(frozen=True)
class Tick:
    """The clock moves on by so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Read:
    """The server reads on, up to this share of the body (of an `early` fault)."""

    share: float


RESET, CLOSE, STALL, INTERRUPT = "reset", "close", "stall", "interrupt"
Step = bytes | Tick | Read | str | Callable[[], object]
Fault = Callable[[Request, Answer], "Iterable[Step] | Answer"]


@dataclass
class Planned:
    name: str
    fault: Fault
    at: int
    times: int
    where: Callable[[Request], bool]
    good: bool = False
    early: bool = False
    fired: int = 0
    read: int = 0

    def due(self, request: Request, position: int) -> bool:
        there = position >= self.at if self.good else position == self.at
        return self.fired < self.times and there and self.where(request)


class FaultServer:
    """Serves `app` on loopback, with planned faults."""

    def __init__(
        self,
        app: Callable[[Request], Answer],
        clock: FakeClock | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        keep_alive: bool = True,
        receive_buffer: int | None = None,
    ) -> None:
        self.app = app
        self.clock = clock or FakeClock()
        self.keep_alive = keep_alive
        self.requests: list[Request] = []
        self.plans: list[Planned] = []
        self.served = 0
        self.open = 0
        self.crashes: list[Exception] = []
        self.on_request: Callable[[], None] = lambda: None
        self._tls = tls
        self._guard = threading.Lock()
        self._live: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        if receive_buffer is not None:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._guard:
            live = list(self._live)
        for sock in live:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        assert not self.crashes, self.crashes

    def plan(
        self,
        name: str,
        fault: Fault,
        *,
        at: int = 0,
        times: int = 1,
        where: Callable[[Request], bool] = lambda _: True,
        good: bool = False,
        early: bool = False,
    ) -> Planned:
        """Have the fault fire instead of the good answer number `at`, so many times.

        A `good` one is a good answer of an odd kind: the next time is the next answer. An
        `early` one strikes before the body is read; the service never sees such a request.
        """
        self.plans.append(Planned(name, fault, at, times, where, good, early))
        return self.plans[-1]

    def settle(self) -> None:
        """Check that the client closed every connection."""
        for thread in self._threads[1:]:
            thread.join(5)
        assert self.open == 0, "the client left connections open"

    def heal(self) -> None:
        """No more faults from now on."""
        for plan in self.plans:
            plan.times = plan.fired

    @property
    def fired(self) -> int:
        return sum(plan.fired for plan in self.plans)

    def unfired(self) -> list[str]:
        """Name the planned faults that never fired."""
        return [plan.name for plan in self.plans if not plan.fired]

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(10)
        with self._guard:
            self._live.add(sock)
            self.open += 1
        try:
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
            self._talk(sock)
        except (OSError, ssl.SSLError):
            pass  # the client went away, which is its right
        except Exception as exc:  # noqa: BLE001 - told at the end of the test
            self.crashes.append(exc)
        finally:
            with self._guard:
                self._live.discard(sock)
                self.open -= 1
            sock.close()

    def _talk(self, sock: socket.socket) -> None:
        stream = sock.makefile("rb")
        while (request := _read_head(stream)) is not None:
            with self._guard:
                position = self.served
                plan = next((one for one in self.plans if one.due(request, position)), None)
                if plan is not None:
                    plan.fired += 1
            early = plan is not None and plan.early
            if not early:
                request = replace(request, body=_read_body(stream, request))
            with self._guard:
                self.requests.append(request)
            self.on_request()
            answer = Answer() if early else self.app(request)
            made = answer if plan is None else plan.fault(request, answer)
            if plan is None or plan.good:
                with self._guard:
                    self.served += 1
            steps = self._good(made) if isinstance(made, Answer) else made
            if not self._play(sock, stream, steps, request, plan):
                return

    def _good(self, answer: Answer) -> list[Step]:
        if self.keep_alive:
            return [answer.wire()]
        return [answer.but(headers={**answer.headers, "Connection": "close"}).wire(), CLOSE]

    def _play(
        self,
        sock: socket.socket,
        stream: Any,
        steps: Iterable[Step],
        request: Request,
        plan: Planned | None,
    ) -> bool:
        for step in steps:
            if isinstance(step, bytes):
                sock.sendall(step)
            elif isinstance(step, Read) and plan is not None:
                upto = int(int(request.headers["content-length"]) * step.share)
                plan.read += len(stream.read(upto - plan.read))
            elif callable(step):
                step()
            elif isinstance(step, Tick):
                self.clock.advance(step.seconds)
            elif step == RESET:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                stream.close()
                return False
            elif step == CLOSE:
                return False
            elif step == STALL:
                stream.read(1)  # until the client gives up
                return False
            elif step == INTERRUPT:
                self.clock.interrupt = True
        return True


def _read_head(stream: Any) -> Request | None:
    line = stream.readline()
    if not line:
        return None
    method, target, _ = line.decode("latin-1").split(" ", 2)
    headers: dict[str, str] = {}
    while (line := stream.readline()) not in (b"\r\n", b""):
        key, _, value = line.decode("latin-1").partition(":")
        headers[key.strip().lower()] = value.strip()
    return Request(method, target, headers, b"")


def _read_body(stream: Any, request: Request) -> bytes:
    if request.headers.get("transfer-encoding", "") != "chunked":
        body: bytes = stream.read(int(request.headers.get("content-length", "0")))
        return body
    body = b""
    while size := int(stream.readline(), 16):
        body += stream.read(size)
        stream.readline()
    stream.readline()
    return body
