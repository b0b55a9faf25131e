"""Writes the plain Kubernetes manifests: the chart with its own values.

python scripts/write_manifests.py

The chart's templates use values by name and nothing else of Helm's language, so that this is all
that it takes, and the manifests can be read beside them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parents[1] / "deploy"
CHART = DEPLOY / "helm" / "stream-verifier"
MANIFESTS = DEPLOY / "kubernetes" / "stream-verifier.yaml"
_VALUE = re.compile(r"\{\{ \.Values\.(\w+) \}\}")
_HEADER = """\
# Made of the chart in ../helm by scripts/write_manifests.py: the same, with the chart's own values.
# Make the secret first, with keys from `stream-verifier key`, another for each:
#   kubectl create secret generic stream-verifier --from-literal=token-key=… --from-literal=key=… \\
#     --from-literal=audit-key=… --from-literal=redis-url=redis://:…@redis:6379/0 \\
#     --from-literal=database-url=postgresql+asyncpg://…@database/verifier
"""


def values() -> dict[str, Any]:
    """The chart's own values."""
    found: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    return found


def rendered(template: str, given: dict[str, Any]) -> str:
    """A template with values in their places.

    Raises:
        ValueError: it uses more of Helm's language than values, or one that is not there.
    """
    text = _VALUE.sub(lambda match: str(given.get(match[1], match[0])), template)
    if "{{" in text:
        raise ValueError(f"no plain value: {text[text.index('{{') :].splitlines()[0]}")
    return text


def manifests(given: dict[str, Any] | None = None) -> str:
    """All manifests in one file."""
    given = given or values()
    parts = [
        rendered(path.read_text(encoding="utf-8"), given)
        for path in sorted((CHART / "templates").glob("*.yaml"))
    ]
    return _HEADER + "---\n" + "---\n".join(parts)


if __name__ == "__main__":
    MANIFESTS.write_text(manifests(), encoding="utf-8")
    print(f"Wrote {MANIFESTS}.")
