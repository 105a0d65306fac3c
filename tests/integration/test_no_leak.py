"""Marked people sent down every path leave marks nowhere but in their own answers."""

import random
from collections.abc import Iterator

import pytest

from civic.client.citizen import Citizen
from civic.identity.adapters.rule_set_files import load_rule_set
from civic.lab.leakscan.files import places_on_disk
from civic.lab.leakscan.people import MarkedPeople
from civic.lab.leakscan.places import Place, places_of_aws
from civic.lab.leakscan.scan import Scanner, contents_before
from civic.lab.leakscan.settling import settle
from civic.lab.leakscan.walk import Walk
from civic.stack.engine import Engine
from civic.stack.target import Target
from civic.terminal.console import err, out
from tests.integration.conftest import Command, outliving, pointed_at
from tests.integration.consumers import dead_letters, purge, recorded_events
from tests.integration.functions import forget_tracebacks
from tests.integration.log_lines import streams
from tests.integration.paths import (
    Traces,
    be_poison,
    meet_a_disabled_key,
    meet_exceptions,
    use_the_command,
)
from tests.integration.rows import BY_ID, is_tombstone, rows

KINDS = ("table", "stream", "queue", "bucket", "log group", "metrics", "trail", "files")
"""Every kind of place that the stack has; a ninth would fail a test here."""


@pytest.fixture(scope="module")
def before(target: Target, engine: Engine) -> frozenset[bytes]:
    """What files and objects held before any marker existed."""
    settle(target)
    return contents_before(places(target, engine))


@pytest.fixture(scope="module")
def civic(target: Target, engine: Engine) -> Iterator[Command]:
    """The `civic` command without line breaks, so that no marker is broken either."""
    assert not target.missing
    with pytest.MonkeyPatch.context() as changed:
        for console in (out, err):
            changed.setattr(console, "width", 1000)
        yield pointed_at(engine, changed)


@pytest.fixture(scope="module")
def traces(
    target: Target,
    civic: Command,
    citizen: Citizen,
    before: frozenset[bytes],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Traces]:
    """Send the marked people down every path; the recording replaces the event archive."""
    assert before
    people = MarkedPeople(random.SystemRandom(), load_rule_set("national-2027"))
    found = Traces(target, people)
    with recorded_events(target) as recording:
        walk = Walk(target, people, found.walked)
        assert list(walk.paths())
        settle(target)
        meet_a_disabled_key(found, citizen)
        be_poison(found, recording.envelopes("ValidationRequest"))
        meet_exceptions(found)
        use_the_command(found, civic, citizen, tmp_path_factory.mktemp("command"))
        settle(target)
        yield found
    purge(target, "Validator")
    forget_tracebacks(target)
    walk.erase()


@pytest.fixture(scope="module")
def scanner(traces: Traces, before: frozenset[bytes]) -> Scanner:
    return Scanner(traces.walked.markers, before)


def places(target: Target, engine: Engine) -> list[Place]:
    return [*places_of_aws(target), *places_on_disk(engine.workspace)]


def leaks(scanner: Scanner, looked_at: list[Place]) -> list[str]:
    return sorted(str(leak) for place in looked_at for leak in scanner.look(place).leaks)


@pytest.mark.parametrize("kind", KINDS)
def test_no_marker_is_left_in(target: Target, engine: Engine, scanner: Scanner, kind: str) -> None:
    looked_at = [place for place in places(target, engine) if place.kind == kind]
    assert looked_at
    assert leaks(scanner, looked_at) == []


def test_every_kind_of_place_is_looked_at(target: Target, engine: Engine) -> None:
    assert {place.kind for place in places(target, engine)} == set(KINDS)


def test_no_marker_is_in_any_answer_but_to_its_owner(traces: Traces, scanner: Scanner) -> None:
    assert len(traces.walked.answers) > 100
    assert leaks(scanner, [traces.walked.place()]) == []


def test_no_marker_is_in_what_functions_and_commands_say(traces: Traces, scanner: Scanner) -> None:
    place = Place("words", "functions and commands", lambda: iter(traces.said))
    assert leaks(scanner, [place]) == []


def test_owners_are_shown_their_markers_and_no_secret(traces: Traces, scanner: Scanner) -> None:
    found = scanner.find(b"\n".join(traces.walked.rightful))
    assert traces.walked.shown <= found
    assert len(found) > 100
    assert not [name for name in found if "token" in name or "Key" in name]


def test_exports_of_the_command_hold_their_owners_markers(traces: Traces, scanner: Scanner) -> None:
    for exported in traces.exported:
        found = scanner.find(exported)
        assert {"row 1 /full_name", "row 1 /email", "row 1 /date_of_birth"} <= found
        assert all(name.startswith("row 1 ") for name in found)


def test_people_did_go_down_every_path(target: Target, traces: Traces) -> None:
    statuses = {int(answer.at.split()[-1]) for answer in traces.walked.answers}
    assert statuses >= {200, 202, 400, 401, 404, 413, 415, 422, 503}
    decisions = {item["decision"]["S"] for item in rows(target, BY_ID[1]) if "decision" in item}
    assert {"accepted", "rejected", "review"} <= decisions
    assert any(is_tombstone(item) for item in rows(target, BY_ID[0]))
    assert len(dead_letters(target, "Validator")) == 1
    logged = "".join(line for stream in streams(target).values() for line in stream)
    for error in ("DisabledException", "FieldTampered", "JSONDecodeError", "KeyError"):
        assert error in logged
    assert len(traces.raised) > 4
    assert traces.exit_codes == {
        "register": 1,
        "show": 0,
        "export": 0,
        "erase": 0,
        "dlq list": 0,
        "dlq redrive": 2,
        "keys rotate": 0,
        "release": 0,
        "status": 0,
    }


def test_no_marker_is_in_the_state_that_the_engine_leaves(
    target: Target, engine: Engine, scanner: Scanner
) -> None:
    settle(target)
    with outliving():
        engine.stop()
        try:
            saved = {file.name for file in (engine.workspace.state / "state").iterdir()}
            found = leaks(scanner, places_on_disk(engine.workspace))
        finally:
            engine.start()
    assert {"dynamodb.json", "sqs.json", "cloudwatch_logs.json"} <= saved
    assert found == []
