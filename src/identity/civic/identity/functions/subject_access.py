"""HTTP: show citizens everything that is held about them (GDPR Art. 15 and 20)."""

from datetime import timedelta
from functools import cache
from typing import Any

from civic.identity.adapters.access_renewals_dynamodb import DynamoDbAccessRenewals
from civic.identity.adapters.cohorts_dynamodb import DynamoDbCohorts
from civic.identity.adapters.decision_store_dynamodb import DynamoDbDecisions
from civic.identity.adapters.items import RevisionedTable
from civic.identity.adapters.pii_vault_dynamodb import DynamoDbVault
from civic.identity.adapters.request_log_dynamodb import DynamoDbRequestLog
from civic.identity.adapters.retention_settings import RetentionSettings
from civic.identity.adapters.subject_key_store_dynamodb import DynamoDbSubjectKeys
from civic.identity.adapters.subject_key_wrapping_esdk import EsdkKeyUnwrapper
from civic.identity.adapters.wrapping_keys_kms import KmsKey, PrivateKeys
from civic.identity.http.bodies import (
    DataDisclosure,
    access_notes,
    problem_of,
    request_note,
    status_of,
)
from civic.identity.http.csv_export import as_csv
from civic.identity.http.paths import registration_id
from civic.identity.model import notice
from civic.identity.usecases.access import Access, Disclosure, Records, disclose
from civic.runtime import clients, routes
from civic.runtime.http import answer, serve
from civic.runtime.observability import Invocation
from civic.runtime.request import Request, Response


class Environment(RetentionSettings):
    """Environment of subject access."""

    access_renewals_table: str
    decisions_table: str
    request_log_table: str
    vault_table: str
    subject_keys_table: str
    wrapping_keys_table: str
    joins_table: str
    kms_key_id: str


def handler(event: dict[str, Any], _context: object) -> Response:
    """Answer one request of the HTTP API."""
    return serve(event, ROUTES, problem_of, about=registration_id)


@cache
def access() -> Access:
    """Compose the adapters; keys are not cached, so that each access is one CloudTrail entry."""
    settings = _settings()
    dynamodb = clients.dynamodb()
    keys = PrivateKeys(
        dynamodb,
        settings.wrapping_keys_table,
        KmsKey(clients.kms(), settings.kms_key_id),
        timedelta(0),
        clients.now,
    )
    return Access(
        records=Records(
            subject_keys=DynamoDbSubjectKeys(dynamodb, settings.subject_keys_table),
            unwrapper=EsdkKeyUnwrapper(keys),
            vault=DynamoDbVault(RevisionedTable(dynamodb, settings.vault_table)),
        ),
        decisions=DynamoDbDecisions(RevisionedTable(dynamodb, settings.decisions_table)),
        cohorts=DynamoDbCohorts(dynamodb, settings.joins_table),
        requests=DynamoDbRequestLog(dynamodb, settings.request_log_table),
        clock=clients.now,
        renewals=DynamoDbAccessRenewals(dynamodb, settings.access_renewals_table),
    )


def _disclose(request: Request, line: Invocation) -> Response:
    registration = registration_id(request, line)
    shown = disclose(access(), registration, request.token)
    line.count("Disclosed")
    if "text/csv" in (request.header("accept") or ""):
        return as_csv(shown.registration, shown.cohort)
    return answer(200, _disclosure(shown))


ROUTES = routes.Routes(
    "Api",
    (
        routes.Route(
            "GET /registrations/{id}/data",
            _disclose,
            routes.Access.TOKEN,
            "readData",
            "Everything but the entry of the roll (GDPR Art. 15), machine-readable (Art. 20)",
            answer=routes.Answer(200, DataDisclosure, also=("text/csv",)),
            problems=(409,),
        ),
    ),
)


def _disclosure(shown: Disclosure) -> DataDisclosure:
    settings = _settings()
    return DataDisclosure(
        id=shown.row.record.id,
        revision=shown.row.record.revision,
        created=shown.row.created,
        updated=shown.row.updated,
        data=shown.registration,
        decision=status_of(shown.decision, settings.rejected) if shown.decision else None,
        cohort=shown.cohort,
        purposes=notice.PURPOSES,
        recipients=notice.RECIPIENTS,
        retention=notice.retention(settings.rejected),
        source=notice.SOURCE,
        automated_decisions=notice.AUTOMATED_DECISIONS,
        rights=notice.RIGHTS,
        requests=tuple(map(request_note, shown.history.requests)),
        accesses=access_notes(shown.history),
    )


@cache
def _settings() -> Environment:
    return Environment.from_environment()
