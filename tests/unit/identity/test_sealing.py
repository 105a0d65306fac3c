"""Field encryption refuses what is moved, altered, cut or from another key."""

from collections.abc import Iterator
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from civic.contracts.events import SealedFields
from civic.contracts.identifiers import Revision
from civic.identity.errors import CommitmentMismatch, FieldTampered, SealError, UnknownSealVersion
from civic.identity.model.keys import RecordId, SubjectKey
from civic.identity.model.sealing import seal, unseal
from tests.fakes.people import ADA, GRACE
from tests.fakes.pipeline import Entropy

KEY = SubjectKey(bytes(range(32)))
RECORD = RecordId(ADA, Revision(7))
OTHER_KEY = SubjectKey(bytes(range(1, 33)))
ELSEWHERE = {
    "later revision": RecordId(RECORD.id, Revision(8)),
    "revision with the same first digit": RecordId(RECORD.id, Revision(70)),
    "other person": RecordId(GRACE, RECORD.revision),
}
FIELDS = {"username": b'"erika"', "phone_number": b'"+49 30 901820"', "empty": b""}


def sealed_fields(purpose: str = "registration") -> SealedFields:
    return seal(KEY, RECORD, FIELDS, Entropy(), purpose)


def each_bit_altered(blob: bytes) -> Iterator[bytes]:
    for position in range(8 * len(blob)):
        altered = bytearray(blob)
        altered[position // 8] ^= 1 << position % 8
        yield bytes(altered)


def with_field(sealed: SealedFields, name: str, blob: bytes) -> SealedFields:
    return SealedFields(commitment=sealed.commitment, fields={**sealed.fields, name: blob})


def test_sealed_field_is_29_bytes_longer_than_its_plaintext() -> None:
    sealed = sealed_fields()
    assert {name: len(blob) - 29 for name, blob in sealed.fields.items()} == {
        name: len(plaintext) for name, plaintext in FIELDS.items()
    }


def test_every_field_gets_a_fresh_nonce() -> None:
    first, second = sealed_fields(), seal(KEY, RECORD, FIELDS, Entropy("other"))
    nonces = [blob[1:13] for one in (first, second) for blob in one.fields.values()]
    assert len(set(nonces)) == len(nonces)


@given(st.dictionaries(st.text(max_size=40), st.binary(max_size=300), max_size=5))
def test_any_fields_open_as_they_were(fields: dict[str, bytes]) -> None:
    assert unseal(KEY, RECORD, seal(KEY, RECORD, fields, Entropy())) == fields


@given(st.binary(max_size=100))
def test_bytes_that_were_never_sealed_do_not_open(blob: bytes) -> None:
    with pytest.raises(SealError):
        unseal(KEY, RECORD, with_field(sealed_fields(), "username", blob))


@pytest.mark.parametrize("name", FIELDS)
def test_altering_any_bit_of_a_field_is_noticed(name: str) -> None:
    sealed = sealed_fields()
    for altered in each_bit_altered(sealed.fields[name]):
        with pytest.raises(SealError):
            unseal(KEY, RECORD, with_field(sealed, name, altered))


def test_altering_any_bit_of_the_commitment_is_noticed() -> None:
    sealed = sealed_fields()
    for altered in each_bit_altered(sealed.commitment):
        with pytest.raises(CommitmentMismatch):
            unseal(KEY, RECORD, SealedFields(commitment=altered, fields=sealed.fields))


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_commitment_of_another_length_never_gets_as_far_as_the_cipher(length: int) -> None:
    longer = sealed_fields().commitment * 2
    with pytest.raises(ValidationError):
        SealedFields(commitment=longer[:length], fields={})


@pytest.mark.parametrize("name", FIELDS)
def test_field_cut_anywhere_is_noticed(name: str) -> None:
    sealed = sealed_fields()
    blob = sealed.fields[name]
    for length in range(len(blob)):
        with pytest.raises(FieldTampered if length else UnknownSealVersion):
            unseal(KEY, RECORD, with_field(sealed, name, blob[:length]))
        # From the front, with the version put back.
        with pytest.raises(FieldTampered):
            unseal(KEY, RECORD, with_field(sealed, name, b"\x01" + blob[length + 2 :]))


@pytest.mark.parametrize("more", [b"\x00", bytes(16), b"\x01" + bytes(28)])
def test_field_with_something_after_it_is_noticed(more: bytes) -> None:
    sealed = sealed_fields()
    with pytest.raises(FieldTampered):
        unseal(KEY, RECORD, with_field(sealed, "username", sealed.fields["username"] + more))


@pytest.mark.parametrize("version", [0, 2, 0x81, 255])
def test_unknown_version_is_named_as_such(version: int) -> None:
    sealed = sealed_fields()
    blob = bytes([version]) + sealed.fields["username"][1:]
    with pytest.raises(UnknownSealVersion):
        unseal(KEY, RECORD, with_field(sealed, "username", blob))


@pytest.mark.parametrize(("one", "other"), list(permutations(FIELDS, 2)))
def test_fields_moved_within_a_record_do_not_open(one: str, other: str) -> None:
    sealed = sealed_fields()
    swapped = with_field(sealed, one, sealed.fields[other])
    with pytest.raises(FieldTampered):
        unseal(KEY, RECORD, swapped)


@pytest.mark.parametrize("record", ELSEWHERE.values(), ids=ELSEWHERE)
def test_record_moved_elsewhere_does_not_open(record: RecordId) -> None:
    with pytest.raises(CommitmentMismatch):
        unseal(KEY, record, sealed_fields())


@pytest.mark.parametrize("record", ELSEWHERE.values(), ids=ELSEWHERE)
@pytest.mark.parametrize("key", [KEY, OTHER_KEY], ids=["same key", "key of its own"])
def test_field_of_another_record_does_not_open(record: RecordId, key: SubjectKey) -> None:
    # With the same key too: even if one were used twice by mistake.
    other = seal(key, record, FIELDS, Entropy())
    for name in FIELDS:
        with pytest.raises(FieldTampered):
            unseal(KEY, RECORD, with_field(sealed_fields(), name, other.fields[name]))


@pytest.mark.parametrize("record", ELSEWHERE.values(), ids=ELSEWHERE)
def test_fields_under_the_commitment_of_another_record_do_not_open(record: RecordId) -> None:
    other = seal(KEY, record, FIELDS, Entropy())
    mixed = SealedFields(commitment=sealed_fields().commitment, fields=other.fields)
    with pytest.raises(FieldTampered):
        unseal(KEY, RECORD, mixed)


def test_field_that_appears_under_a_further_name_does_not_open() -> None:
    sealed = sealed_fields()
    with pytest.raises(FieldTampered):
        unseal(KEY, RECORD, with_field(sealed, "nickname", sealed.fields["username"]))


def test_field_sealed_for_another_purpose_does_not_open() -> None:
    other = sealed_fields("research")
    assert unseal(KEY, RECORD, other, "research") == FIELDS
    with pytest.raises(CommitmentMismatch):
        unseal(KEY, RECORD, other)
    with pytest.raises(FieldTampered):
        unseal(KEY, RECORD, with_field(sealed_fields(), "username", other.fields["username"]))


def test_another_key_is_refused_before_anything_is_opened() -> None:
    garbage = SealedFields(commitment=sealed_fields().commitment, fields={"username": b""})
    with pytest.raises(CommitmentMismatch):
        unseal(SubjectKey(bytes(32)), RECORD, garbage)


def test_contexts_are_unambiguous() -> None:
    # The same letters cut elsewhere: "ab" for purpose "c" and "a" for purpose "bc".
    sealed = seal(KEY, RECORD, {"ab": b"x"}, Entropy(), "c")
    moved = SealedFields(
        commitment=seal(KEY, RECORD, {}, Entropy(), "bc").commitment,
        fields={"a": sealed.fields["ab"]},
    )
    with pytest.raises(FieldTampered):
        unseal(KEY, RECORD, moved, "bc")
