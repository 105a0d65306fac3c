"""Reason codes of a decision, and the closed lists that a rule set chooses from."""

from enum import StrEnum


class Code(StrEnum):
    """Why a registration is not simply accepted; the rule set says what each code means."""

    AGE_BELOW_MINIMUM = "age_below_minimum"
    AGE_IMPLAUSIBLE = "age_implausible"
    BIRTH_DATE_IN_FUTURE = "birth_date_in_future"
    BIRTH_DATE_INCOMPLETE = "birth_date_incomplete"
    BIRTH_DATE_PARTIAL = "birth_date_partial"
    ATTESTATION_MISSING = "attestation_missing"
    CONSENT_AFTER_SUBMISSION = "consent_after_submission"
    CONSENT_TEXT_NOT_IN_USE = "consent_text_not_in_use"
    CONSENT_TEXT_UNKNOWN = "consent_text_unknown"
    COUNTRY_NOT_ACCEPTED = "country_not_accepted"
    REGION_NOT_ACCEPTED = "region_not_accepted"
    ADDRESS_DESCRIBED = "address_described"
    ADDRESS_FIELD_MISSING = "address_field_missing"
    REGION_UNKNOWN = "region_unknown"
    AREA_UNRESOLVED = "area_unresolved"
    CITY_UNKNOWN = "city_unknown"
    POSTCODE_INVALID = "postcode_invalid"
    POSTCODE_OF_OTHER_REGION = "postcode_of_other_region"
    PHONE_INVALID = "phone_invalid"
    EMAIL_INVALID = "email_invalid"
    NATIONAL_ID_INVALID = "national_id_invalid"
    REGISTERED_ALREADY = "registered_already"
    PROOF_MISSING = "proof_missing"
    PROOF_LEVEL_LOW = "proof_level_low"
    PROOF_REFUSED = "proof_refused"
    PROOF_CONTRADICTS = "proof_contradicts"


class Severity(StrEnum):
    """What a finding does to the decision."""

    REJECT = "reject"
    REVIEW = "review"
    REMARK = "remark"
    """The person is told, and the decision is as if nothing had been found."""
    IGNORE = "ignore"


NEVER_REJECT = frozenset(
    {
        Code.PHONE_INVALID,
        Code.EMAIL_INVALID,
        Code.POSTCODE_OF_OTHER_REGION,
        Code.PROOF_CONTRADICTS,
        Code.REGISTERED_ALREADY,
    }
)
"""What a table doubts, what says nothing about who may vote, and what may be somebody else."""

PROOF = frozenset({Code.PROOF_MISSING, Code.PROOF_LEVEL_LOW, Code.PROOF_REFUSED})
"""What is found where a country asks for a proof of identity."""

SETTLED_BY_PEOPLE = frozenset(
    {
        Code.ADDRESS_DESCRIBED,
        Code.AREA_UNRESOLVED,
        Code.BIRTH_DATE_PARTIAL,
        Code.PROOF_CONTRADICTS,
        Code.REGISTERED_ALREADY,
        *PROOF,
    }
)
"""What nobody is accepted with by a rule, so that a person has looked or it is put right."""


class RequestError(StrEnum):
    """The ``RequestError`` enumeration of NIST SP 1500-102 (Voter Records Interchange 1.0).

    An ``Error`` of that format has it as its ``Name``, our pointer as its ``Ref`` and, where the
    name is ``other``, our code as its ``OtherError``. A remark is not an error.
    """

    IDENTITY_LOOKUP_FAILED = "identity-lookup-failed"
    INCOMPLETE = "incomplete"
    INELIGIBLE = "ineligible"
    INVALID_FORM = "invalid-form"
    OTHER = "other"


class IdScheme(StrEnum):
    """National identifiers of natural persons, each named by its python-stdnum module."""

    BR_CPF = "br.cpf"
    DE_IDNR = "de.idnr"
    ES_DNI = "es.dni"
    ES_NIE = "es.nie"
    FR_NIR = "fr.nir"
    GR_AMKA = "gr.amka"
    IN_AADHAAR = "in_.aadhaar"
    JP_INDIVIDUAL_NUMBER = "jp.in_"
    PL_PESEL = "pl.pesel"
    UA_RNTRC = "ua.rntrc"
    US_SSN = "us.ssn"
