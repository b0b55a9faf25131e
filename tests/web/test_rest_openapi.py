from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.rest_app import ADMIN, client_of, make_app

PROBES = {"/api/v1/health", "/api/v1/ready", "/api/v1/sign-in"}
ROOT = Path(__file__).resolve().parents[2]
OPEN = {*PROBES, "/api/v1/rooms/livekit/webhook"}


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


async def test_no_route_passes_over_what_a_query_says(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    asked = 0
    async with client_of(app, headers=ADMIN) as client:
        for path, method, operation in operations(app.openapi()):
            if "whip" in path:  # publishers' software may add what it likes
                continue
            answer = await client.request(method, f"{path}?limt=5")
            if path in PROBES:
                assert answer.status_code in (200, 503), path
                continue
            assert (answer.status_code, answer.json()["code"]) == (422, "bad_request"), path
            assert "422" in operation["responses"], path
            told = answer.json()["detail"]
            assert "limt" not in told
            known = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
            assert f"knows {', '.join(known) or 'none'}, and no other" in told, path
            asked += 1
    assert asked > 15


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
