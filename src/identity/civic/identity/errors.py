"""What can go wrong in the identity domain, one class per fact."""

from datetime import date, datetime

from civic.contracts.errors import Unavailable


class IdentityError(Exception):
    """Root of the identity domain's errors; messages are constant and hold no personal data."""


class SealError(IdentityError):
    """A sealed record does not open."""


class CommitmentMismatch(SealError):
    """The subject key is not the one this record was sealed under."""


class FieldTampered(SealError):
    """A ciphertext was altered, or moved from another person, revision, field or purpose."""


class UnknownSealVersion(SealError):
    """A ciphertext has a format this code does not know."""


class KeyRefused(IdentityError):
    """A wrapped subject key did not unwrap: altered, bound to something else, or not committing."""

    METRIC = "KeysRefused"


class DigestsDisagree(IdentityError):
    """Rows of one registration, or an event about it, name different access digests.

    No race ends in this: somebody wrote a digest of their own there. Nothing is opened or changed.
    """

    METRIC = "DigestsDisagree"


class WrappingKeyMissing(IdentityError):
    """There is no wrapping key (yet) under that name; nothing may be accepted without one."""


class RevisionTaken(IdentityError):
    """Another request has already stored a subject key for this revision."""


class IdempotencyKeyReused(IdentityError):
    """The Idempotency-Key was used before, for another payload."""


class RegistrationErased(IdentityError):
    """The Idempotency-Key belongs to a registration that has been erased."""


class RegistrationNotFound(IdentityError):
    """No such registration for this bearer: unknown, erased, or another person's."""


class AccessRenewed(IdentityError):
    """The token opened the registration until staff gave out another one."""

    def __init__(self, day: date) -> None:
        """Say on which day (UTC) that was."""
        super().__init__()
        self.day = day


class RenewalNotFound(IdentityError):
    """No renewal of the registration, or none with this code, waits to be agreed to."""


class ErasureNotRequested(RegistrationNotFound):
    """The registration is known to this bearer, but nobody has asked for its erasure."""


class NotYetStored(IdentityError):
    """The registration is known, but its record has not reached the high-security store."""


class TooManyRevisions(IdentityError):
    """Concurrent rectifications kept taking each other's revision number."""


class RegistrationRestricted(IdentityError):
    """The data subject has restricted the processing (GDPR Art. 18); lift that first."""


class NothingToReview(IdentityError):
    """There is no decision yet, or it is in the person's favour."""


class ReviewOutdated(IdentityError):
    """The case was corrected, decided or erased in the meantime; look at it again."""


class ListingChanged(IdentityError):
    """Somebody was accepted under the same name and date of birth meanwhile; compare again."""


class ReasonNeeded(IdentityError):
    """What the office decides of its own accord needs a reason, which is told to the person."""


class NotToBeErased(IdentityError):
    """The office has only those erased who are off the roll and wait for nothing."""


class AnotherPersonNeeded(IdentityError):
    """Whoever brings up a case of the office, or asks for a renewal, does not see it through."""


class AreaNeeded(IdentityError):
    """The address does not say which area's ballots the person gets; who accepts must say."""


class AreaUnknown(IdentityError):
    """An area is neither in ISO 3166 nor in the office's table in use."""


class ReceiptRefused(IdentityError):
    """An erasure receipt is not what was signed, or not signed by this key."""


class ElectionNotFound(IdentityError):
    """There is no such election in which this person may vote."""


class ElectionOver(IdentityError):
    """The election has closed; its credentials are no longer issued."""


class NotEntitled(IdentityError):
    """A person on the roll may not vote in this election, for a reason that they are told."""


class NotYetEligible(NotEntitled):
    """The person is not old enough on the day of the election."""

    def __init__(self, eligible_from: date, election_day: date) -> None:
        """Say from when the person is old enough, and what the day of the election is."""
        super().__init__()
        self.eligible_from, self.election_day = eligible_from, election_day


class RollClosed(NotEntitled):
    """The person registered after the roll of the election had closed."""

    def __init__(self, closed_at: datetime) -> None:
        """Say when it closed."""
        super().__init__()
        self.closed_at = closed_at


class AreaUnsettled(NotEntitled):
    """The person's address does not tell in which of several electoral areas they vote."""


class CredentialAlreadyIssued(IdentityError):
    """Another credential was issued to this person for this election; nobody can take it back."""


class IssuedBeforeErasure(IdentityError):
    """A credential was issued to somebody of the same name and birth date who erased that."""


class DuplicateCheckPending(IdentityError):
    """Nobody has said yet whether the person is on the roll already."""

    def __init__(self, retry_at: datetime) -> None:
        """Say when it is worth asking again."""
        super().__init__()
        self.retry_at = retry_at


class NotLeftYet(IdentityError, Unavailable):
    """Somebody of the same name and birth date is being erased; nobody takes their place yet."""


class CredentialKeyMissing(IdentityError):
    """The issuer has no key for that election and style."""


class BlindedMessageRefused(IdentityError):
    """A blinded message is not as long as the key's modulus, or is not below it."""


class SigningFailed(IdentityError):
    """A signature did not verify under its own key, and was not given away."""


class RowMalformed(IdentityError):
    """A row lacks an attribute, or one of them is nothing of its kind."""


class ProviderUnknown(IdentityError):
    """The office trusts no identity provider of that name."""


class ProviderFailed(IdentityError):
    """The identity provider refused, or did not answer as it should."""


class ProofSessionNotFound(IdentityError):
    """No such session for this bearer: unknown, over, or another person's."""


class ProofSessionUsed(IdentityError):
    """The state of the session has come back before; it works once."""


class ProofNotAnswered(IdentityError):
    """Nobody has come back from the provider in this session, or with nothing."""


class ConfirmationWrong(IdentityError):
    """The confirmation code is not the one that was shown to whoever came back."""


class StoreUnavailable(IdentityError, Unavailable):
    """A store refused, throttled or did not answer; the request may be tried again."""


class KeyServiceUnavailable(IdentityError, Unavailable):
    """KMS refused, throttled or did not answer; nothing was opened."""
