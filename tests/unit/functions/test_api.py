"""The API as a whole: its routes agree everywhere, and every error has its answer."""

import json
import re
from datetime import UTC, date, datetime
from typing import Any

import pytest

from civic.identity import errors
from civic.identity.http.bodies import problem_of
from civic.lab.schemas.generated import api_document
from civic.runtime.publisher import PublishFailed
from tests.fakes.deployment import ROUTES

DOCUMENT = api_document("identity", "Api")
METHODS = {"get", "put", "post", "delete", "patch"}

ANSWERS: dict[type[Exception], tuple[int, str]] = {
    errors.RegistrationNotFound: (404, "not_found"),
    errors.DigestsDisagree: (404, "not_found"),
    errors.AccessRenewed: (401, "access_renewed"),
    errors.RenewalNotFound: (404, "no_such_renewal"),
    errors.ErasureNotRequested: (404, "no_erasure"),
    errors.IdempotencyKeyReused: (422, "idempotency_key_reused"),
    errors.RegistrationErased: (409, "registration_erased"),
    errors.TooManyRevisions: (409, "conflict"),
    errors.NotYetStored: (409, "not_yet_stored"),
    errors.RegistrationRestricted: (409, "restricted"),
    errors.NothingToReview: (409, "nothing_to_review"),
    errors.ReviewOutdated: (409, "review_outdated"),
    errors.ElectionNotFound: (404, "no_such_election"),
    errors.ElectionOver: (403, "election_over"),
    errors.NotYetEligible: (403, "not_yet_eligible"),
    errors.RollClosed: (403, "roll_closed"),
    errors.AreaUnsettled: (403, "area_unsettled"),
    errors.ProviderUnknown: (404, "provider_unknown"),
    errors.ProviderFailed: (502, "provider_failed"),
    errors.ProofSessionNotFound: (404, "no_such_proof"),
    errors.ProofSessionUsed: (409, "proof_used"),
    errors.ProofNotAnswered: (409, "proof_not_answered"),
    errors.ConfirmationWrong: (403, "confirmation_wrong"),
    errors.AnotherPersonNeeded: (409, "another_person_needed"),
    errors.AreaNeeded: (409, "area_needed"),
    errors.ReasonNeeded: (409, "reason_needed"),
    errors.NotToBeErased: (409, "not_to_be_erased"),
    errors.AreaUnknown: (422, "area_unknown"),
    errors.BlindedMessageRefused: (422, "invalid_fields"),
    errors.CredentialAlreadyIssued: (409, "already_issued"),
    errors.IssuedBeforeErasure: (409, "issued_before_erasure"),
    errors.DuplicateCheckPending: (409, "duplicate_check_pending"),
    errors.NotLeftYet: (503, "temporarily_unavailable"),
    errors.CredentialKeyMissing: (503, "temporarily_unavailable"),
    errors.StoreUnavailable: (503, "temporarily_unavailable"),
    errors.KeyServiceUnavailable: (503, "temporarily_unavailable"),
    errors.WrappingKeyMissing: (503, "temporarily_unavailable"),
    PublishFailed: (503, "temporarily_unavailable"),
}
SAYING: dict[type[Exception], tuple[Any, ...]] = {
    errors.AccessRenewed: (date(2027, 1, 15),),
    errors.NotYetEligible: (date(2027, 5, 23), date(2027, 1, 23)),
    errors.RollClosed: (datetime(2027, 1, 5, tzinfo=UTC),),
    errors.DuplicateCheckPending: (datetime(2027, 1, 5, tzinfo=UTC),),
}
"""What some errors say besides their kind."""
INTERNAL = (
    errors.IdentityError,
    errors.NotEntitled,
    errors.SealError,
    errors.CommitmentMismatch,
    errors.FieldTampered,
    errors.UnknownSealVersion,
    errors.KeyRefused,
    errors.RevisionTaken,
    errors.RowMalformed,
    errors.ReceiptRefused,
    errors.ListingChanged,
    errors.SigningFailed,
)
"""Errors about which a citizen can do nothing, so they are a 500 without detail."""


def operations() -> dict[str, Any]:
    return {
        f"{method.upper()} {path}": operation
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


@pytest.mark.parametrize("error", ANSWERS, ids=lambda error: error.__name__)
def test_error_of_the_domain_has_its_answer(error: type[Exception]) -> None:
    problem = problem_of(error(*SAYING.get(error, ())))
    assert problem is not None
    assert (problem.status, problem.code) == ANSWERS[error]


@pytest.mark.parametrize("error", INTERNAL, ids=lambda error: error.__name__)
def test_internal_error_has_no_answer_of_its_own(error: type[Exception]) -> None:
    assert problem_of(error()) is None


def test_every_error_of_the_domain_is_thought_of() -> None:
    defined = {
        one
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, errors.IdentityError)
    }
    assert defined <= ANSWERS.keys() | set(INTERNAL)


def test_document_describes_every_route_of_the_public_api() -> None:
    parts = ("/registrations", "/privacy-notice", "/proofs")
    public = {route for route in ROUTES if any(part in route for part in parts)}
    assert set(operations()) == public


@pytest.mark.parametrize("route", operations())
def test_document_names_the_answers_of_the_domain(route: str) -> None:
    responses = operations()[route]["responses"]
    assert {"429", "500", "503"} <= set(responses)
    if "{id}" in route:
        assert {"401", "404"} <= set(responses)
        assert operations()[route]["security"] == [{"accessToken": []}]
    if "requestBody" in operations()[route]:
        assert {"400", "413", "415", "422"} <= set(responses)
        assert "409" in responses or route == "POST /proofs"


def test_document_refers_only_to_what_it_defines() -> None:
    described = DOCUMENT
    used = re.findall(r"#/components/schemas/([^\"]+)", json.dumps(described))
    assert used
    assert set(used) <= set(described["components"]["schemas"])
