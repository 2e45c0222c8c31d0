"""Print a pip constraint for each core requirement of this Python: exactly its lower bound."""

import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parent.parent


def lowest_versions() -> dict[str, Version]:
    """Give the lower bound of each core requirement that applies to this Python."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lowest: dict[str, Version] = {}
    for requirement in map(Requirement, project["dependencies"]):
        if requirement.marker is None or requirement.marker.evaluate():
            (bound,) = requirement.specifier
            version = Version(bound.version)
            lowest[requirement.name] = max(version, lowest.get(requirement.name, version))
    return lowest


if __name__ == "__main__":
    for name, version in lowest_versions().items():
        print(f"{name}=={version}")
