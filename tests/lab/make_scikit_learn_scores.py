"""Write what scikit-learn says about random groupings, for `test_agreement.py`.

scikit-learn is too large to install for one test. In an environment that has it:
``python tests/lab/make_scikit_learn_scores.py``
"""

import json
import random
from pathlib import Path

from sklearn import __version__, metrics

TARGET = Path(__file__).with_name("scikit_learn_scores.json")
SCORES = {
    "adjusted_rand": metrics.adjusted_rand_score,
    "homogeneity": metrics.homogeneity_score,
    "completeness": metrics.completeness_score,
    "v_measure": metrics.v_measure_score,
}
EXTREMES = [([0], [0]), ([0, 0, 0], [0, 1, 2]), ([0, 1, 2], [0, 0, 0]), ([0, 0, 1], [1, 1, 0])]


def grouping(draw: random.Random) -> tuple[list[int], list[int]]:
    """Draw production's groups, and those of a simulation that mostly agrees."""
    size, n_groups = draw.randint(2, 40), draw.randint(1, 8)
    real = [draw.randrange(n_groups) for _ in range(size)]
    agrees = draw.random()
    return real, [each if draw.random() < agrees else draw.randrange(n_groups) for each in real]


def main() -> None:
    """Write the groupings and their scores."""
    draw = random.Random(0)
    cases = [
        {
            "real": real,
            "simulated": simulated,
            **{name: score(real, simulated) for name, score in SCORES.items()},
        }
        for real, simulated in [*EXTREMES, *(grouping(draw) for _ in range(40))]
    ]
    rows = ",\n".join(json.dumps(case) for case in cases)
    TARGET.write_text(f'{{"scikit-learn": "{__version__}", "cases": [\n{rows}\n]}}\n')


if __name__ == "__main__":
    main()
