"""HTTP: show citizens everything that is held about them (GDPR Art. 15 and 20)."""

from datetime import timedelta
from functools import cache
from typing import Any

from civic.identity.adapters.items import RevisionedTable
from civic.identity.adapters.pii_vault_dynamodb import DynamoDbVault
from civic.identity.adapters.subject_key_store_dynamodb import DynamoDbSubjectKeys
from civic.identity.adapters.subject_key_wrapping_esdk import EsdkKeyUnwrapper
from civic.identity.adapters.wrapping_keys_kms import KmsKey, PrivateKeys
from civic.identity.entrypoints import wiring
from civic.identity.entrypoints.api import DataDisclosure, FieldPurpose, problem_of
from civic.identity.entrypoints.edge import registration_id
from civic.identity.model.registration import PII_FIELDS
from civic.identity.usecases.access import Access, disclose
from civic.runtime import clients
from civic.runtime.http import Request, Response, answer, serve
from civic.runtime.observability import Invocation

_RECIPIENTS = ("the election office that runs this service, through this function only",)
_RETENTION = "until you erase it, or the election office closes the register"
_SOURCE = "you, through POST or PUT /registrations"
_RIGHTS = (
    "rectification: PUT /registrations/{id}",
    "erasure: DELETE /registrations/{id}",
    "portability: this answer is machine-readable",
    "complaint to a supervisory authority",
)


def handler(event: dict[str, Any], _context: object) -> Response:
    """Answer one request of the HTTP API."""
    return serve(event, {"GET /registrations/{id}/data": _disclose}, problem_of)


@cache
def access() -> Access:
    """Compose the adapters; keys are not cached, so that each access is one CloudTrail entry."""
    settings = wiring.AccessSettings.from_environment()
    dynamodb = clients.dynamodb()
    keys = PrivateKeys(
        dynamodb,
        settings.wrapping_keys_table,
        KmsKey(clients.kms(), settings.kms_key_id),
        timedelta(0),
        clients.now,
    )
    return Access(
        subject_keys=DynamoDbSubjectKeys(dynamodb, settings.subject_keys_table),
        unwrapper=EsdkKeyUnwrapper(keys),
        vault=DynamoDbVault(RevisionedTable(dynamodb, settings.vault_table)),
    )


def _disclose(request: Request, line: Invocation) -> Response:
    registration = registration_id(request, line)
    shown = disclose(access(), registration, request.bearer_token())
    line.count("Disclosed")
    body = DataDisclosure(
        id=registration,
        revision=shown.revision,
        created=shown.created,
        updated=shown.updated,
        data=shown.registration,
        purposes=tuple(
            FieldPurpose(field=name, purpose=pii.purpose) for name, pii in PII_FIELDS.items()
        ),
        recipients=_RECIPIENTS,
        retention=_RETENTION,
        source=_SOURCE,
        rights=_RIGHTS,
    )
    return answer(200, body)
