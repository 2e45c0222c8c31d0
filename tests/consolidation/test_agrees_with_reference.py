"""The package against the reference engine, on random timelines with random settings.

A failure prints a `Scenario` that can be pasted into a test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given, note

from tests.consolidation import engines
from tests.consolidation.strategies import Scenario, scenarios
from tests.fuzz import examples

if TYPE_CHECKING:
    from collections.abc import Callable

FUZZ = examples(quick=60, full=10_000)


@FUZZ
@given(scenarios(refused=True))
def test_the_package_agrees_with_the_reference_engine(scenario: Scenario):
    """Every event, alert, incident and measure is the same, in all its columns."""
    note(f"settings: {scenario.settings}")
    reference = answer(engines.reference, scenario)
    found = answer(engines.package, scenario)
    if reference is None or found is None:
        assert reference is found
    else:
        assert differences(found, reference) == []


def answer(engine: Callable[[Scenario], dict[str, Any]], scenario: Scenario) -> Any:
    """Return an engine's answer, None if it refuses the timeline."""
    try:
        return engine(scenario)
    except ValueError:
        return None


def differences(package: dict[str, Any], reference: dict[str, Any]) -> list[str]:
    """Say where two answers differ, cell by cell."""
    found = []
    for part in engines.PARTS:
        rows, expected = package[part], reference[part]
        if len(rows) != len(expected):
            found.append(f"{part}: package has {len(rows)}, reference {len(expected)}")
        for number, (row, wanted) in enumerate(zip(rows, expected, strict=False)):
            found += [
                f"{part}[{number}].{name}: package {ours!r}, reference {theirs!r}"
                for name in dict.fromkeys([*row, *wanted])
                for ours, theirs in [(row.get(name), wanted.get(name))]
                if ours != theirs
            ]
    for name in ("funnel", "n_conflicting_duplicates"):
        if package[name] != reference[name]:
            found.append(f"{name}: package {package[name]}, reference {reference[name]}")
    return found + [
        f"no note on pattern {pattern} and column {column}"
        for pattern, column in reference["notes"]
        if not any(repr(pattern) in note and repr(column) in note for note in package["notes"])
    ]


def test_a_quarter_of_the_timelines_is_long():
    """Among the timelines that are drawn, one in four has fifty events or more."""
    sizes = []

    @examples(quick=60, full=400)
    @given(scenarios())
    def draw(scenario: Scenario):
        sizes.append(len(scenario.rows))

    draw()
    assert sum(size >= 50 for size in sizes) >= len(sizes) / 4
