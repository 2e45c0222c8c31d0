"""Send several calls at the same time, and resume where a call failed.

The work is a set of tasks. A task is a generator: it yields the calls that it needs next, which
may be sent at the same time, and receives their replies in the same order. Only sending happens
in other threads; tasks run one at a time in the caller's thread and share state without locks.

>>> def task():
...     first, second = yield [Call("GET", "/a"), Call("GET", "/b")]
...     third, = yield [Call("GET", "/c")]
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from pandakit.errors import PandakitError
from pandakit.progress import progress_line
from pandakit.transport.interrupts import Interrupted, interrupted
from pandakit.transport.reply import Reply, read_or_raise
from pandakit.transport.service import Call

if TYPE_CHECKING:
    from pandakit.transport.collect import Collected
    from pandakit.transport.session import Session

__all__ = ["ParallelLoad", "Task", "TaskQueue", "collect_parallel"]

# Enough to use a limit of 5 requests per second fully if answers take up to 1.6 s.
_WORKERS = 8

Task: TypeAlias = Generator[Sequence[Call], list[Reply], None]


@dataclass(eq=False)
class _Batch:
    """Calls that a task waits for, and the replies so far."""

    make: Callable[[], Task]
    task: Task
    calls: Sequence[Call]
    replies: dict[int, Reply] = field(default_factory=dict)


class TaskQueue:
    """Tasks, and the calls that they wait for.

    A call that failed stays in the queue. The next `run` restarts a task that raised an error, so
    a task must take what it has already stored into account.
    """

    def __init__(self) -> None:
        self.requests = 0
        """Requests sent so far, retries included."""
        self._calls: deque[tuple[_Batch, int]] = deque()
        self._new: deque[Callable[[], Task]] = deque()

    def add(self, make: Callable[[], Task]) -> None:
        """Add the task that `make` starts."""
        self._new.append(make)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to do."""
        return not self._calls and not self._new

    def run(self, session: Session, after_reply: Callable[[], object]) -> None:
        """Run all tasks to their end; `after_reply` is called after each reply was taken.

        Raises
        ------
        PandakitError
            The first error of a call or a task, once the calls in flight have ended. The next
            `run` continues from there.
        """
        running: dict[Future[Reply], tuple[_Batch, int]] = {}
        failures: list[PandakitError] = []
        # With a store, one at a time: if the process dies, at most one reply is lost.
        workers = 1 if session.is_stored else _WORKERS
        pool = ThreadPoolExecutor(workers, thread_name_prefix="pandakit")
        try:
            while running or not (failures or self.is_empty):
                while not failures and len(running) < workers and self._has_call(failures):
                    batch, number = self._calls.popleft()
                    running[pool.submit(session.send, batch.calls[number])] = batch, number
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    self._take(future, *running[future], failures)
                    del running[future]
                    after_reply()
        finally:  # after an interrupt, the calls in flight are sent again
            self._calls.extend(running.values())
            pool.shutdown(wait=False, cancel_futures=True)
        if failures:
            raise failures[0]

    def _has_call(self, failures: list[PandakitError]) -> bool:
        """Start new tasks until there is a call to send."""
        while not self._calls and self._new and not failures:
            make = self._new.popleft()
            self._advance(make, make(), None, failures)
        return bool(self._calls)

    def _take(
        self, future: Future[Reply], batch: _Batch, number: int, failures: list[PandakitError]
    ) -> None:
        try:
            reply = future.result()
        except PandakitError as error:
            failures.append(error)
            self._calls.append((batch, number))
            return
        self.requests += reply.attempts
        batch.replies[number] = reply
        if len(batch.replies) == len(batch.calls):
            replies = [batch.replies[place] for place in range(len(batch.calls))]
            self._advance(batch.make, batch.task, replies, failures)

    def _advance(
        self,
        make: Callable[[], Task],
        task: Task,
        replies: list[Reply] | None,
        failures: list[PandakitError],
    ) -> None:
        try:
            calls = next(task) if replies is None else _send_replies(task, replies)
        except StopIteration:
            return
        except PandakitError as error:
            failures.append(error)
            self._new.append(make)
            return
        batch = _Batch(make, task, calls)
        self._calls.extend((batch, number) for number in range(len(calls)))


def _send_replies(task: Task, replies: list[Reply]) -> Any:
    """Return the next calls of a task that reads its replies."""
    try:
        return read_or_raise(lambda: task.send(replies), replies[-1].malformed)
    except PandakitError:
        for reply in replies:
            reply.forget()
        raise


class ParallelLoad(ABC):
    """A list that is read by tasks: its first tasks are in the queue, and they add others.

    Parameters
    ----------
    label
        The text of the progress line.
    """

    def __init__(self, label: str) -> None:
        self.label = label
        self.queue = TaskQueue()
        self.count = self.pages = 0
        """Rows and pages so far."""
        self.total: int | None = None
        """The service's count of rows, once it is known."""

    @abstractmethod
    def collected(self) -> Collected:
        """Return what was collected so far."""


def collect_parallel(
    session: Session,
    load: ParallelLoad,
    *,
    progress: bool | None = None,
    finish: Callable[[Collected], Any],
    elapsed_s: float = 0.0,
) -> Any:
    """Read a list by tasks that send their calls at the same time.

    Parameters
    ----------
    session
        The session that sends.
    load
        The list, with its first tasks in its queue.
    progress
        `True` and `False` force the progress line on and off; `None` shows it on a terminal and
        in a notebook.
    finish
        Makes the result from what was collected, for the whole and for `error.partial`.
    elapsed_s
        Seconds that the load took before it was resumed.

    Raises
    ------
    PandakitError
        The first error, with `partial` and `resume()`, which sends only what is missing.
    """
    clock = session.clock
    started = clock.monotonic() - elapsed_s

    def collected(*, complete: bool) -> Collected:
        state = load.collected()
        state.requests, state.complete = load.queue.requests, complete
        state.elapsed_s = clock.monotonic() - started
        return state

    def resume_after(spent: float) -> Callable[..., Any]:
        def resume(token: str | None = None) -> Any:
            if token is not None:
                session.use_token(token)
            return collect_parallel(
                session, load, progress=progress, finish=finish, elapsed_s=spent
            )

        return resume

    def interrupt() -> Interrupted:
        state = collected(complete=False)
        return Interrupted(
            f"{load.label}: {load.count} rows of {load.pages} pages were fetched; `partial` has "
            "them, and resume() asks for the rest (sys.last_value.resume() in a notebook)",
            partial=lambda: finish(state),
            resume=resume_after(state.elapsed_s),
        )

    failure: PandakitError | None = None
    is_whole = False
    try:
        with progress_line(load.label, progress=progress) as line:
            load.queue.run(
                session,
                lambda: line.advance(load.count - line.rows, load.pages - line.pages, load.total),
            )
        is_whole = True
        return finish(collected(complete=True))
    except PandakitError as error:
        if is_whole:  # all rows are there, but no frame can be made of them
            raise
        failure = error
    except KeyboardInterrupt:
        pass
    if failure is None:
        raise interrupted(interrupt)
    state = collected(complete=False)
    raise failure.extended(
        f" ({load.label}: {load.count} rows of {load.pages} pages were fetched)",
        partial=lambda: finish(state),
        resume=resume_after(state.elapsed_s),
    )
