"""The paths of marked people that need an operator, besides those of `civic leakscan`."""

import io
import json
from collections.abc import Iterable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from civic.client.citizen import Citizen, Receipt
from civic.client.journal import Journal
from civic.lab.leakscan.conversation import Walked
from civic.lab.leakscan.people import MarkedPeople, Person
from civic.lab.leakscan.places import Piece
from civic.lab.leakscan.settling import settle
from civic.operator.operations import redrive
from civic.stack.target import Target
from tests.integration.conftest import Command
from tests.integration.consumers import dead, impatient, publish, purge, put_off, send
from tests.integration.functions import call_every, renew
from tests.integration.people import idempotency_key
from tests.integration.waiting import decided, stored

CONSUMERS = ("Validator", "PiiStorage", "Analytics", "Accountability", "CredentialRoll")


@dataclass(slots=True)
class Traces:
    """What was sent and what came of it.

    `said` is what functions answered to a direct call, and what commands printed and wrote, except
    a citizen's own export, which is `exported`.
    """

    target: Target
    people: MarkedPeople
    walked: Walked = field(default_factory=Walked)
    said: list[Piece] = field(default_factory=list)
    exported: list[bytes] = field(default_factory=list)
    raised: set[str] = field(default_factory=set)
    exit_codes: dict[str, int] = field(default_factory=dict)

    def person(self, name: str) -> Person:
        person = self.people.accepted(name)
        self.walked.markers |= person.markers
        return person

    def marker(self, name: str) -> str:
        return self.walked.markers.setdefault(name, self.people.word())


def meet_a_disabled_key(traces: Traces, citizen: Citizen) -> None:
    """Register, and request one's data, while KMS refuses; the message waits until it does not."""
    target = traces.target
    somebody = traces.walked.registered[0]
    key = target.output("CivicKeyArn")
    renew(target, "ValidatorFunction")  # it would not request what it has cached
    target.kms.disable_key(KeyId=key)
    try:
        receipt = citizen.register(traces.person("KMS refused").payload, idempotency_key())
        put_off(target, "Validator", 1)
        url = f"{target.api_url}{somebody.path}/data"
        answer = httpx.get(url, headers=somebody.token, trust_env=False)
    finally:
        target.kms.enable_key(KeyId=key)
    assert answer.status_code == 503
    traces.walked.answers.append(Piece(answer.content + str(answer.headers).encode(), "503"))
    assert citizen.status(receipt)["status"] == "pending"
    assert decided(citizen, receipt)["decision"] == "accepted"


def be_poison(traces: Traces, events: list[dict[str, Any]]) -> None:
    """Make messages die, redrive them and let them die again.

    Those with a marker in clear are removed in the end and must have left no trace. A sealed event
    that was altered remains in the dead-letter queue.
    """
    target, somebody = traces.target, traces.walked.registered[0]
    theirs = [event for event in events if event["detail"]["id"] == somebody.id]
    envelope = max(theirs, key=lambda event: int(event["detail"]["revision"]))
    detail = envelope["detail"]
    for consumer in CONSUMERS:
        word = traces.marker(f"poison for {consumer}")
        forged = envelope | {"detail": detail | {"id": word, word: word}}
        later = envelope | {"detail-type": word, "source": word}
        bodies = [word, json.dumps({word: word}), json.dumps(forged), json.dumps(later)]
        with impatient(target, consumer):
            send(target, consumer, *bodies)
            dead(target, consumer, len(bodies))
            assert redrive(target, consumer) == len(bodies)
            dead(target, consumer, len(bodies))
        purge(target, consumer)
    fields = detail["sealed"]["fields"]
    sealed = detail["sealed"] | {"fields": fields | {"username": fields["full_name"]}}
    with impatient(target, "Validator"):
        publish(target, envelope | {"detail": detail | {"sealed": sealed}})
        dead(target, "Validator", 1)
        assert redrive(target, "Validator") == 1
        dead(target, "Validator", 1)


def meet_exceptions(traces: Traces) -> None:
    """Call every function with something that it was never meant for."""
    word = traces.marker("event that is none")
    event = {
        "Records": [{"body": word, word: word}],
        "headers": {"authorization": word},
        "body": word,
        "requestContext": {"http": {"path": word}},
        word: word,
    }
    # The custodian takes an operator's commands and reports faults in them, but nobody's data.
    others = {traces.target.output("KeyCustodianFunctionName")}
    for name, (raised, answer) in call_every(traces.target, event, but=others).items():
        traces.said.append(Piece(answer, name))
        if raised:
            traces.raised.add(name)


def use_the_command(traces: Traces, civic: Command, citizen: Citizen, place: Path) -> None:
    """Register, show, export and erase from the command line, with rows that are refused."""
    file, journal, export = (place / name for name in ("people.jsonl", "journal", "export.json"))
    good = [traces.person(f"row {number}").payload for number in (1, 3)]
    bad = traces.marker("row 2")
    rows = [good[0], good[0] | {"date_of_birth": bad, "username": [bad]}, good[1], {bad: bad}]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows) + f'{{"username": "{bad}\n')
    run = _Commands(traces, civic)
    run("register", str(file), "--journal", str(journal), "--workers", "1")
    receipts = list(Journal(journal))
    _await(citizen, receipts)
    settle(traces.target)
    first, second = receipts
    kept = ["--journal", str(journal)]
    run("show", first.id, *kept)
    traces.exported.append(run("export", first.id, *kept, own=True))
    run("export", first.id, *kept, "--output", str(export))
    traces.exported.append(export.read_bytes())
    run("erase", second.id, *kept, "--yes")
    run("show", second.id, *kept)
    run("show", bad, *kept)
    run("export", first.id, "--token", bad)
    for command in (["dlq", "list"], ["dlq", "redrive", "Tally"], ["keys", "rotate"], ["release"]):
        run(*command)
    run("status")
    secret_lines = journal.read_text()
    for receipt in receipts:
        # The journal exists to keep the tokens; nothing else may hold one.
        traces.walked.markers[f"token of {receipt.id}"] = receipt.access_token
        secret_lines = secret_lines.replace(receipt.access_token, "")
    traces.said.append(Piece(secret_lines.encode(), "journal"))


class _Commands:
    """Runs `civic`, and keeps all that it prints."""

    def __init__(self, traces: Traces, civic: Command) -> None:
        self._traces = traces
        self._civic = civic

    def __call__(self, *words: str, own: bool = False) -> bytes:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = self._civic(*words)
        name = " ".join(words[:2]) if words[0] in {"dlq", "keys"} else words[0]
        self._traces.exit_codes.setdefault(name, code)
        printed = err.getvalue() if own else out.getvalue() + err.getvalue()
        self._traces.said.append(Piece(printed.encode(), f"civic {name}"))
        return out.getvalue().encode()


def _await(citizen: Citizen, receipts: Iterable[Receipt]) -> None:
    for receipt in receipts:
        decided(citizen, receipt)
        stored(citizen, receipt)
