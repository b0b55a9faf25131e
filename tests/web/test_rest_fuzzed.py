"""Requests made up from the API's own description, against the application as it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from schemathesis.generation import GenerationMode
from schemathesis.python import asgi
from schemathesis.schemas import APIOperation, BaseSchema
from schemathesis.specs.openapi.checks import (
    ignored_auth,
    negative_data_rejection,
    positive_data_acceptance,
)

from stream_verifier.app import create_app
from stream_verifier.web.api import OPENAPI_URL
from tests.support.calls import make_settings
from tests.support.rest_app import ADMIN, KEY


@pytest.fixture(scope="module")
def description(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BaseSchema]:
    """The description of an application with an empty store; it stops with the module."""
    chosen = make_settings(
        tmp_path_factory.mktemp("store"), token_key=KEY, allowed_hosts=(asgi.HOST,)
    )
    description = schemathesis.openapi.from_asgi(OPENAPI_URL, create_app(chosen))
    # What is too long for its field may make the whole path too long, which is said first.
    refusals = description.config.checks.negative_data_rejection
    refusals.expected_statuses = [*refusals.expected_statuses, "414"]
    yield description
    asgi.shutdown_lifespans()


# Spelled as schemathesis does, so that it goes in place of the one made up.
HEADERS = {"Authorization": ADMIN["authorization"]}
schemathesis.serializer.alias("application/sdp", "text/plain")
# The table of access tries tokens, and what a name may hold is more than a schema can say.
LEFT_OUT = [ignored_auth, positive_data_acceptance]
# What is wrong with a query or a header alone may not survive being written down; what such
# a query holds is tried in test_rest_audit and test_rest_identities.
BY_QUERY_ALONE = {"GET /api/v1/audit", "GET /api/v1/identities/{name}/calls"}
# A busy machine has other things to do for longer than the client would wait by itself.
PATIENCE_S = 60
# What is made up follows from this number, and not from how the test is written down.
SEED = 2
SAME = settings(
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


# Eight to a route make requests of about as many kinds as fifteen do.
@pytest.mark.parametrize("examples", [8, pytest.param(30, marks=pytest.mark.slow)])
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_made_up_requests_are_answered_as_described(
    description: BaseSchema, mode: GenerationMode, examples: int
) -> None:
    operations = [result.ok() for result in description.get_all_operations()]
    if mode is GenerationMode.NEGATIVE:
        operations = [one for one in operations if one.body or list(one.iter_parameters())]
    answered = {operation.label: ask(operation, mode, examples) for operation in operations}
    assert all(set(seen) - {401} for seen in answered.values()), answered


def ask(
    operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode, examples: int
) -> Counter[int]:
    """Make requests up and check each answer; return how often each status came."""
    seen: Counter[int] = Counter()
    by_query = [negative_data_rejection] if operation.label in BY_QUERY_ALONE else []

    @seed(SEED)
    @settings(SAME, max_examples=examples, derandomize=False)
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: schemathesis.Case) -> None:
        response = case.call(headers=HEADERS, timeout=PATIENCE_S)
        case.validate_response(response, excluded_checks=[*LEFT_OUT, *by_query])
        seen[response.status_code] += 1

    check()
    return seen
