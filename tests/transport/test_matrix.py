# ruff: noqa: D101, D102 - the cases of the tests, whose names say what they are
"""Every fault scenario, on every operation, at every position, once, twice and always."""

from __future__ import annotations

import os
import socket
import warnings
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import urllib3.util.connection

from pandakit.errors import (
    JobTimeoutError,
    OutcomeUnknownError,
    PandakitError,
    TransportError,
)
from tests.tokens import CANARY
from tests.transport.faults import (
    EVER,
    ONCE,
    POLLED,
    RECOVERS,
    REFUSES,
    SCENARIOS,
    TOLERATES,
    TWICE,
    WRITTEN,
    Scenario,
)
from tests.transport.faultserver import ALWAYS, FaultServer
from tests.transport.leaks import LogTrap, find_leaks
from tests.transport.operations import OPERATIONS, OPTIONS, Operation, ids_of

TIMES = {ONCE: 1, TWICE: 2, EVER: ALWAYS}
DOCUMENT = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- matrix: begin -->", "<!-- matrix: end -->"
HEADER = (
    "| id | scenario | operation | cases | outcome of the first run |",
    "|---|---|---|---|---|",
)
WRITE = "PANDAKIT_WRITE_MATRIX"


@dataclass(frozen=True)
class Case:
    scenario: Scenario
    operation: Operation
    position: str
    persistence: str
    turn: int

    def __str__(self) -> str:
        place = f"{self.operation.name}-{self.position}-{self.persistence}".replace(" ", "_")
        return f"{self.scenario.id}-{place}"

    @property
    def at(self) -> int:
        return self.operation.positions[self.position]

    @property
    def variant(self) -> int:
        return self.turn % len(self.scenario.faults)

    @property
    def error(self) -> type[PandakitError]:
        errors = self.scenario.errors
        return errors[self.variant % len(errors)]

    def failure(self) -> type[PandakitError] | None:
        """Give the error that must come, or `None` where the whole must come."""
        scenario, ever = self.scenario, self.persistence == EVER
        if scenario.rule == TOLERATES:
            return None
        if self.operation.name == WRITTEN and not scenario.answered:
            if scenario.unsent:
                return self.error if ever else None
            return OutcomeUnknownError
        if self.at in self.operation.polls:
            outlived = scenario.rule == RECOVERS or self.error is TransportError
            if outlived or scenario.id == "S4":
                heals = scenario.rule == RECOVERS and not ever
                return None if heals else scenario.polled or JobTimeoutError
            return self.error
        return self.error if scenario.rule == REFUSES or ever else None


def _cases() -> list[Case]:
    cases = []
    for scenario in SCENARIOS:
        turn = 0
        for operation in OPERATIONS:
            if scenario.operations and operation.name not in scenario.operations:
                continue
            for position in operation.positions:
                if scenario.positions and position not in scenario.positions:
                    continue
                for persistence in scenario.persistence:
                    cases.append(Case(scenario, operation, position, persistence, turn))
                    turn += 1
    return cases


CASES = _cases()


@pytest.fixture(scope="module")
def outcomes():
    """What each case came to: scenario and operation to persistence to outcomes."""
    return defaultdict(lambda: defaultdict(list))


@pytest.fixture
def dial(monkeypatch):
    """Let connections fail before there is a server to talk to."""
    real = urllib3.util.connection.create_connection
    with socket.create_server(("127.0.0.1", 0)) as probe:
        closed = probe.getsockname()

    def arrange(server: FaultServer, kind: str, at: int, times: int) -> Any:
        plan = server.plan(kind, lambda *_: [], at=at, times=times, where=lambda _: False)

        def connect(address, *args, **options):
            if plan.fired < plan.times and server.served == at:
                plan.fired += 1
                if kind == "unknown":
                    raise socket.gaierror(-2, "Name or service not known")
                if kind == "silent":
                    raise TimeoutError("timed out")
                address = closed
            return real(address, *args, **options)

        monkeypatch.setattr(urllib3.util.connection, "create_connection", connect)
        return plan

    return arrange


@pytest.mark.parametrize("case", CASES, ids=str)
def test_fault(case, dial, outcomes):
    """
    The load gives the whole, or the declared error with a true prefix that resume() completes;
    nothing is sent twice that must not be, and the token shows nowhere.
    """
    scenario, operation = case.scenario, case.operation
    fault = scenario.faults[case.variant]
    with LogTrap() as logs, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with operation.serve(keep_alive=not scenario.dial) as server:
            times = TIMES[case.persistence]
            if scenario.dial:
                plan = dial(server, fault(None, None)[0], case.at, times)
            else:
                good = scenario.rule == TOLERATES
                plan = server.plan(str(case), fault, at=case.at, times=times, good=good)
            options = replace(OPTIONS, read=0.1) if scenario.silent else OPTIONS
            with operation.connect(server, options) as session:
                seen = _run(case, server, session)
            server.settle()
    assert not server.unfired()
    if case.persistence != EVER and scenario.rule != TOLERATES and seen[-1] == "whole":
        assert plan.fired == times
    _check_requests(case, server, len(seen))
    warned = [str(one.message) for one in told]
    assert all(scenario.warns and scenario.warns in text for text in warned), warned
    assert bool(warned) == bool(scenario.warns)
    assert not find_leaks(logs.lines, warned, session)
    outcomes[scenario.id, operation.name][case.persistence].append(seen[0])


def _run(case: Case, server: FaultServer, session: Any) -> list[str]:
    """Load and resume until the whole is there; gives the outcomes in order."""
    seen: list[str] = []
    expected = case.failure()

    def again() -> Any:
        return case.operation.run(session)

    while True:
        try:
            result, error = again(), None
        except PandakitError as failure:
            result, error = None, failure
        if error is not None:
            assert expected is not None, error
            assert type(error) is expected, repr(error)
            assert len(seen) < TIMES[case.persistence]
            _check_error(case, error)
            seen.append(type(error).__name__)
            if error._resume is None:
                assert _may_end(case)
                return seen
            if case.persistence == EVER:
                server.heal()
            again = error.resume
        else:
            assert expected is None or seen, "the fault went unnoticed"
            assert ids_of(result) == case.operation.whole
            if case.scenario.id == "P4":
                assert result.attrs["pandakit"]["duplicates"] == 1
            return [*seen, "whole"]


def _may_end(case: Case) -> bool:
    """Say whether nothing can be resumed after this: a write, or the scenario's end."""
    return case.operation.name == WRITTEN or case.scenario.ends


def _check_error(case: Case, error: PandakitError) -> None:
    assert not find_leaks(error)
    assert error.__context__ is None
    assert any(
        place in str(error) for place in ("127.0.0.1", "job", "Panther", "BigPanda", "Pangea")
    )
    if case.operation.name not in (POLLED, WRITTEN):
        came = ids_of(error.partial)
        assert came == case.operation.whole[: len(came)]


def _check_requests(case: Case, server: FaultServer, runs: int) -> None:
    for request in server.requests:
        sent = request.headers.get("x-api-key") or request.headers["authorization"]
        assert sent.removeprefix("Bearer ") == CANARY
    posts = [one for one in server.requests if one.method == "POST" and one.path.startswith("/map")]
    if case.operation.name == POLLED:
        assert len(posts) == 1
    if case.operation.name == WRITTEN:
        assert len(posts) <= (5 if case.scenario.unsent else 1)
    assert server.clock.total_wait() <= 700 * runs
    assert len(server.requests) <= 120 * runs


def test_the_matrix_is_broad():
    """At least 400 cases, no scenario above one in twenty, and every variant takes its turn."""
    by_id = defaultdict(list)
    for case in CASES:
        by_id[case.scenario.id.rstrip("abc")].append(case)
    assert len(CASES) >= 400
    assert max(map(len, by_id.values())) <= len(CASES) / 20
    for scenario in SCENARIOS:
        turns = {case.variant for case in CASES if case.scenario is scenario}
        assert turns == set(range(len(scenario.faults)))


def test_a_fault_that_never_fires_is_told():
    """The server names the planned faults that no request met."""
    operation = OPERATIONS[0]
    with operation.serve() as server, operation.connect(server) as session:
        server.plan("never", SCENARIOS[3].faults[0], at=99)
        operation.run(session)
        assert server.unfired() == ["never"]


def published() -> str:
    """Return the table of the document."""
    return DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]


def lines_of(scenario: Scenario, outcomes: Any) -> list[str]:
    """Return one table line for each operation on which all cases of the scenario were chosen."""
    lines = []
    for operation in OPERATIONS:
        seen, cases = outcomes[scenario.id, operation.name], cases_of(scenario, operation)
        if not cases or sum(map(len, seen.values())) < len(cases):
            continue
        verdicts: dict[str, list[str]] = defaultdict(list)
        for persistence, results in seen.items():
            verdicts[" or ".join(sorted(set(results)))].append(persistence)
        verdict = "; ".join(f"{', '.join(when)}: {what}" for what, when in verdicts.items())
        lines.append(
            f"| {scenario.id} | {scenario.says} | {operation.name} | {len(cases)} | {verdict} |"
        )
    return lines


def cases_of(scenario: Scenario, operation: Operation) -> list[Case]:
    """Return the cases of a scenario on an operation."""
    return [case for case in CASES if case.scenario is scenario and case.operation is operation]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.id)
def test_the_published_matrix_is_this_one(scenario, outcomes, request):
    """The lines in docs/reliability.md are what this run found, for all cases that were chosen."""
    if os.environ.get(WRITE):
        pytest.skip("the document is being written")
    params = [getattr(item, "callspec", None) for item in request.session.items]
    chosen = [param.params["case"] for param in params if param and "case" in param.params]
    chosen = [case for case in chosen if isinstance(case, Case)]
    for operation in OPERATIONS:
        here = [c for c in chosen if c.scenario is scenario and c.operation is operation]
        assert sum(map(len, outcomes[scenario.id, operation.name].values())) == len(here)
    assert [line for line in lines_of(scenario, outcomes) if line not in published()] == []


def test_the_published_matrix_has_no_other_lines(outcomes):
    """
    The table counts the cases, and has one line for each scenario and operation.
    PANDAKIT_WRITE_MATRIX=1 writes it after a whole run in one process.
    """
    if os.environ.get(WRITE):
        before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
        lines = [line for scenario in SCENARIOS for line in lines_of(scenario, outcomes)]
        table = "\n".join([f"{len(CASES)} cases.\n", *HEADER, *lines])
        after = rest.partition(END)[2]
        DOCUMENT.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}", encoding="utf-8")
    rows = [row for row in published().splitlines() if row.startswith("| ")]
    expected = {(case.scenario.id, case.operation.name) for case in CASES}
    assert len(rows) - 1 == len(expected)  # the first is the header row
    assert f"{len(CASES)} cases." in published().splitlines()
