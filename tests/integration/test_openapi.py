"""The API against its own OpenAPI document, by generated requests."""

import json
import re
import secrets
from importlib import resources
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from civic.client.citizen import Citizen, Receipt
from civic.contracts.text import NUMBER_PATTERN, PLAIN_TEXT_PATTERN
from civic.operator.operations import queue_depths
from civic.runtime.request import IDEMPOTENCY_KEY_PATTERN
from civic.stack.target import Target
from civic.terminal.waiting import PATIENCE_SECONDS
from tests.integration.people import idempotency_key, person
from tests.integration.waiting import settled, stored
from tests.strategies.registrations import plain

type Case = schemathesis.Case[Any]

PLAIN_TEXT = "civic-plain-text"
KEY = "Idempotency-Key"


def document() -> dict[str, Any]:
    """Return the committed document, with its patterns for texts replaced by a named format.

    Drawing text from a pattern with the private-use planes takes Hypothesis seconds; a unit test
    shows that the pattern is right.
    """
    text = resources.files("civic.identity").joinpath("openapi.json").read_text()
    for pattern in (PLAIN_TEXT_PATTERN, NUMBER_PATTERN):
        given = f'"pattern": {json.dumps(pattern, ensure_ascii=False)}'
        assert given in text
        text = text.replace(given, f'"format": "{PLAIN_TEXT}"')
    found: dict[str, Any] = json.loads(text)
    return found


schemathesis.openapi.format(PLAIN_TEXT, plain(32))
SCHEMA = schemathesis.openapi.from_dict(document())
# The tests supply the id and token of an existing registration, so only the rest is drawn.
GOOD = schemathesis.openapi.from_dict(document())
GOOD.config.generation.update(modes=[schemathesis.GenerationMode.POSITIVE])
BY_ID = GOOD.include(path_regex=r"/registrations/\{id\}", method=["GET", "PUT"])

# The check repeats requests without a token, but these tests add one to every request. Requests
# without a token are tested in test_refusals.
NO_TOKEN: Any = schemathesis.checks.CHECKS.get_one("ignored_auth")

EXAMPLES = settings(
    max_examples=40,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
MANY = settings(EXAMPLES, max_examples=1000)

"""Seconds to wait for an answer: on a busy machine several functions may start at once."""


def call_and_validate(case: Case, target: Target) -> None:
    # A key drawn twice would be reused for another payload, which is rightly refused.
    if re.fullmatch(IDEMPOTENCY_KEY_PATTERN, str(case.headers.get(KEY, ""))):
        case.headers[KEY] = secrets.token_hex(16)
    case.call_and_validate(base_url=target.api_url, timeout=PATIENCE_SECONDS)


def call_and_validate_as(case: Case, target: Target, receipt: Receipt) -> None:
    case.path_parameters = {"id": receipt.id}
    case.call_and_validate(
        base_url=target.api_url,
        headers={"authorization": f"Bearer {receipt.access_token}"},
        excluded_checks=[NO_TOKEN],
        timeout=PATIENCE_SECONDS,
    )


@SCHEMA.parametrize()
@EXAMPLES
def test_api_keeps_to_its_document(case: Case, target: Target) -> None:
    call_and_validate(case, target)


@pytest.fixture(scope="module")
def living(citizen: Citizen) -> Receipt:
    receipt = citizen.register(person(), idempotency_key())
    stored(citizen, receipt)
    return receipt


@BY_ID.parametrize()
@EXAMPLES
def test_api_keeps_to_its_document_for_a_registration_that_exists(
    case: Case, target: Target, living: Receipt
) -> None:
    call_and_validate_as(case, target, living)


@pytest.mark.deep
@SCHEMA.parametrize()
@MANY
def test_api_keeps_to_its_document_for_many_more(case: Case, target: Target) -> None:
    call_and_validate(case, target)


@pytest.mark.deep
@BY_ID.parametrize()
@MANY
def test_api_keeps_to_its_document_for_many_more_of_a_registration_that_exists(
    case: Case, target: Target, living: Receipt
) -> None:
    call_and_validate_as(case, target, living)


def test_everything_the_api_accepted_is_handled(target: Target) -> None:
    settled(target)
    assert {depth.dead for depth in queue_depths(target)} == {0}
