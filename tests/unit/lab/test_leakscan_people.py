import json
import random
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from civic.contracts.events import Decision
from civic.identity.adapters.rule_set_files import load_rule_set
from civic.identity.model.eligibility import decide
from civic.identity.model.registration import Registration
from civic.lab.leakscan.people import MarkedPeople, Person
from tests.strategies.registrations import SUBMITTED_AT

RULES = load_rule_set("national-2027")
NO_MARKERS = {
    "/evidence/method",
    "/address/country",
    "/citizenship_attestation",
    "/consent/text_version",
}


def marked(seed: int) -> MarkedPeople:
    return MarkedPeople(random.Random(seed), RULES)


def everyone(seed: int) -> list[Person]:
    people = marked(seed)
    return [
        people.accepted("accepted"),
        people.corrected("rectified"),
        people.rejected("rejected"),
        people.doubtful("in review"),
    ]


@given(seed=st.integers())
def test_people_are_decided_as_they_are_named(seed: int) -> None:
    decisions = []
    for person in everyone(seed):
        registration = Registration.model_validate_json(json.dumps(person.payload))
        decisions.append(decide(registration, SUBMITTED_AT, RULES).decision)
    assert decisions == [
        Decision.ACCEPTED,
        Decision.ACCEPTED,
        Decision.REJECTED,
        Decision.REVIEW,
    ]


@given(seed=st.integers())
def test_every_field_is_a_marker(seed: int) -> None:
    for person in everyone(seed):
        # A Polish postcode has six characters, too few to be unique.
        polish = person.payload["address"]["country"] == "PL"
        without = NO_MARKERS | ({"/address/postcode"} if polish else set())
        fields = {
            pointer: text for pointer, text in leaves(person.payload) if pointer not in without
        }
        whole = {
            name.removeprefix(f"{person.name} "): text
            for name, text in person.markers.items()
            if "(" not in name
        }
        assert whole == fields


def leaves(value: object, pointer: str = "") -> Iterator[tuple[str, object]]:
    children = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else None
    )
    if children is None:
        yield pointer, value
    else:
        for name, child in children:
            yield from leaves(child, f"{pointer}/{name}")


def test_every_field_of_a_registration_is_sent() -> None:
    sent = {
        pointer.split("/")[1] for person in everyone(1) for pointer, _ in leaves(person.payload)
    }
    assert sent == set(Registration.model_fields)


@given(seed=st.integers())
@example(seed=22374)  # once in twenty thousand, two have the same birthday
def test_markers_are_nobody_elses(seed: int) -> None:
    people = everyone(seed)
    for person in people:
        for other in people:
            if other is not person:
                theirs = json.dumps(other.payload, ensure_ascii=False)
                assert not [name for name, text in person.markers.items() if text in theirs]


def test_words_are_never_the_same() -> None:
    people = marked(1)
    assert max(Counter(people.word() for _ in range(10_000)).values()) == 1


@pytest.mark.parametrize(
    "derived",
    ["/full_name (word 3)", "/phone_number (digits)", "/address/postcode (closed up)"],
)
def test_forms_that_a_field_may_be_normalised_to_are_markers(derived: str) -> None:
    person = marked(1).accepted("accepted")
    assert person.markers[f"accepted {derived}"] not in person.payload.values()


def test_people_are_not_in_their_repr() -> None:
    person = marked(1).accepted("accepted")
    assert not [text for text in person.markers.values() if text in repr(person)]
