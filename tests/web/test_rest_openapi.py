from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.rest_app import client_of, make_app

ROOT = Path(__file__).resolve().parents[2]
OPEN = {"/api/v1/health", "/api/v1/ready", "/api/v1/sign-in", "/api/v1/rooms/livekit/webhook"}


TEXT = {"/api/v1/metrics": "text/plain"}
EMPTY = {("delete", "204"), ("delete", "200"), ("post", "204")}


def operations(description: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]


async def test_the_description_is_served_and_the_one_in_the_docs_is_current(
    tmp_path: Path,
) -> None:
    async with client_of(make_app(tmp_path)) as client:
        served = (await client.get("/api/v1/openapi.json")).json()
        assert (await client.get("/docs")).status_code == 404
    kept = json.loads((ROOT / "docs" / "protocol" / "openapi.json").read_text(encoding="utf-8"))
    assert served == kept, "run python scripts/write_openapi.py"


def test_every_operation_tells_its_token_its_answers_and_its_problems(tmp_path: Path) -> None:
    description = make_app(tmp_path).openapi()
    assert description["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    for path, method, operation in operations(description):
        assert operation["summary"], path
        assert operation["description"], path
        assert ("security" in operation) is (path not in OPEN), path
        assert {"400", "414"} <= set(operation["responses"]), path  # the guard's, of any path
        if path not in OPEN:
            assert {"401", "403", "429"} <= set(operation["responses"]), path
        for status, answer in operation["responses"].items():
            kinds = set(answer.get("content", {}))
            good = "application/sdp" if "whip" in path else TEXT.get(path, "application/json")
            expected = {good if status < "300" else "application/problem+json"}
            assert kinds == expected or (method, status) in EMPTY, (path, status)
