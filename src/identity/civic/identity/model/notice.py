"""What is processed, why, on what legal basis, who sees it and how long it is kept.

The one source of the privacy notice (GDPR Art. 13 and 14: the data comes from the data subject
only), of what the answer to an access request says about the processing (Art. 15(1)) and of the
record of processing in docs/privacy.md (Art. 30). Purposes come from the ``Pii`` markers, times
from the constants that the code itself uses.
"""

from dataclasses import dataclass
from datetime import timedelta

from pydantic import BaseModel, ConfigDict

from civic.contracts.retention import REQUEST_LOG_LIFETIME, TOMBSTONE_LIFETIME
from civic.identity.model.registration import PII_FIELDS

LAWFUL_BASIS = "your consent (GDPR Art. 6(1)(a)), which you may withdraw at any time"
SOURCE = "you, through POST or PUT /registrations"
TRANSFERS = "none outside the region in which the election office runs this service"
AUTOMATED_DECISIONS = (
    "whether you are on the roll is first decided by rules alone, from your date of birth,"
    " attestations, consent, address, the form of a national identifier, whether somebody of your"
    " name and date of birth has registered already and, where the election asks for it, how well"
    " it is proven who you are; your telephone number and e-mail address do not decide it. Every"
    " reason is named by code and field, also what is only a remark, and you can have a person"
    " decide (GDPR Art. 22)"
)


class Part(BaseModel):
    """Base of the notice's parts."""

    model_config = ConfigDict(frozen=True, defer_build=True)


class FieldPurpose(Part):
    """What one field is processed for."""

    field: str
    purpose: str


class Recipient(Part):
    """Who gets to see what."""

    who: str
    what: str


class Retention(Part):
    """How long something is kept."""

    what: str
    how_long: str


class Right(Part):
    """A right and how to use it."""

    right: str
    article: str
    how: str


class PrivacyNotice(Part):
    """What a person is told when their data is collected (GDPR Art. 13)."""

    controller: str
    contact: str
    data_protection_officer: str
    lawful_basis: str = LAWFUL_BASIS
    fields: tuple[FieldPurpose, ...]
    recipients: tuple[Recipient, ...]
    retention: tuple[Retention, ...]
    transfers: str = TRANSFERS
    automated_decisions: str = AUTOMATED_DECISIONS
    source: str = SOURCE
    rights: tuple[Right, ...]
    provision: str = (
        "nobody is obliged to give the data; without the required fields there is no registration"
    )


@dataclass(frozen=True, slots=True)
class Controller:
    """Who is responsible for the processing (GDPR Art. 4(7)), and what the operator configured."""

    name: str
    contact: str
    data_protection_officer: str
    rejected: timedelta


KEPT_AFTER_ERASURE = (
    "Of a credential to vote with that was issued before the erasure a keyed digest of name and"
    " date of birth is kept until the election ends, so that nobody gets a second one by"
    " registering again (GDPR Art. 17(3)(b)); its key is destroyed then"
)
"""What an erasure leaves, told with every erasure."""
PURPOSES = tuple(FieldPurpose(field=name, purpose=pii.purpose) for name, pii in PII_FIELDS.items())
RECIPIENTS = (
    Recipient(who="the validator", what="every field, in memory, to decide; keeps none"),
    Recipient(
        who="staff of the election office",
        what="every field of a registration that waits for a person's decision, that another one"
        " resembles, or for which you asked for a new access token; each look is logged, and listed"
        " when you ask for access",
    ),
    Recipient(
        who="the identity provider that you choose to prove who you are with, if you do",
        what="that you prove it for this election office, and when; nothing from here about you",
    ),
    Recipient(
        who="analytics",
        what="decision, country or subdivision and age band, but no field; publishes counts"
        " of ten people or more",
    ),
    Recipient(
        who="the issuer of credentials to vote with",
        what="whether you are accepted, when you registered, your electoral areas and, if you are"
        " not old enough to vote yet, from when you are; that you were given a credential for an"
        " election, and nothing by which it or your ballot could be recognised",
    ),
    Recipient(
        who="Amazon Web Services, as processor (GDPR Art. 28)",
        what="sealed fields; the keys are held encrypted under a key of its key service",
    ),
)
RIGHTS = (
    Right(right="withdraw consent", article="7(3)", how="DELETE /registrations/{id}/consent"),
    Right(right="access", article="15", how="GET /registrations/{id}/data"),
    Right(right="access to the roll of voters", article="15", how="GET /registrations/{id}/roll"),
    Right(right="rectification", article="16", how="PUT /registrations/{id}"),
    Right(right="erasure", article="17", how="DELETE /registrations/{id}"),
    Right(right="restriction", article="18", how="PUT /registrations/{id}/restriction"),
    Right(
        right="portability",
        article="20",
        how="GET /registrations/{id}/data, as JSON or, with Accept: text/csv, as CSV",
    ),
    Right(right="objection to analytics", article="21", how="PUT /registrations/{id}/objection"),
    Right(
        right="explanation of the decision",
        article="15(1)(h), 22",
        how="GET /registrations/{id}/explanation",
    ),
    Right(right="review by a person", article="22(3)", how="POST /registrations/{id}/review"),
    Right(
        right="answers within one month", article="12(3)", how="GET /registrations/{id}/requests"
    ),
    Right(right="complaint", article="77", how="to a supervisory authority"),
)


def retention(rejected: timedelta) -> tuple[Retention, ...]:
    """Return how long each kind of data is kept (GDPR Art. 5(1)(e))."""
    return (
        Retention(
            what="a registration that is or was accepted",
            how_long="until you erase it; also if the election office has taken you off the roll,"
            " so that it can put you back, unless the law requires it to be erased, which two"
            " members of staff then decide",
        ),
        Retention(
            what="a rejected registration that was never accepted",
            how_long=f"{rejected.days} days after the decision, or after you lift a"
            " restriction, and until people have decided if you asked them to or the election"
            " office is looking again; then erased",
        ),
        Retention(
            what="a registration or correction that waits for the election office",
            how_long="until it is decided, or you erase it",
        ),
        Retention(
            what="keyed digests of parts of your data, by which a second registration of yours is"
            " found without anybody reading it",
            how_long="with the registration; on their way between two steps of a search, two days",
        ),
        Retention(
            what="sealed copies in queues, the event archive and backups",
            how_long="14, 365 and 35 days; unreadable from a day after erasure",
        ),
        Retention(
            what="that a registration was erased: its id, the time and a hash of your access token,"
            " which nobody but you can tell to be yours",
            how_long="for good, so that the id is never used again",
        ),
        Retention(
            what="if you were given a credential to vote with: a keyed digest of your name and"
            " date of birth, that tells nobody anything without a key of that election's own; also"
            " after an erasure, so that nobody gets a second one by registering again (GDPR Art."
            " 17(3)(b))",
            how_long="until the election ends, when the key is destroyed; what is left can no"
            " longer be told from chance, and is deleted within two years",
        ),
        Retention(
            what="how it was proven who you are: the method, its level, who vouched for it and the"
            " day, with a keyed digest of your name and date of birth",
            how_long="as long as the registration",
        ),
        Retention(
            what="a proof that was begun, with its answer sealed like your fields",
            how_long="15 minutes, then deleted within two days",
        ),
        Retention(
            what="which stores have confirmed that, and the receipt",
            how_long=f"{TOMBSTONE_LIFETIME.days} days",
        ),
        Retention(
            what="your requests and our answers (kinds and times, no field)",
            how_long=f"{REQUEST_LOG_LIFETIME.days} days after the answer",
        ),
        Retention(
            what="new access tokens that the election office gave you: a hash of each, which staff"
            " took part, and when",
            how_long=f"{REQUEST_LOG_LIFETIME.days} days after the erasure",
        ),
        Retention(what="log lines (ids and outcomes, no field)", how_long="30 days"),
    )


def privacy_notice(controller: Controller) -> PrivacyNotice:
    """Return the notice of one controller."""
    return PrivacyNotice(
        controller=controller.name,
        contact=controller.contact,
        data_protection_officer=controller.data_protection_officer,
        fields=PURPOSES,
        recipients=RECIPIENTS,
        retention=retention(controller.rejected),
        rights=RIGHTS,
    )
