"""Sends marked people down every path of the HTTP APIs."""

import json
from collections.abc import Iterator
from typing import Any

import httpx

from civic.lab.leakscan.conversation import Conversation, Registered, Walked
from civic.lab.leakscan.people import MarkedPeople, Person
from civic.lab.leakscan.refusals import refused_bodies, refused_headers
from civic.lab.leakscan.routes import Route, probes, routes, signed
from civic.stack.target import Target
from civic.terminal.failures import CommandFailed


class Walk:
    """A walk through one stack."""

    def __init__(self, target: Target, people: MarkedPeople, walked: Walked) -> None:
        """Walk through ``target``, and record everything in ``walked`` as it happens."""
        self._target = target
        self._people = people
        self._walked = walked
        self._api = Conversation(target.api_url, walked)

    def paths(self) -> Iterator[str]:
        """Walk, and yield the name of each path after it is walked.

        Raises:
            CommandFailed: A path did not lead where it should, so a scan would prove less than it
                claims.
        """
        found = routes(self._target)
        try:
            with self._api:
                yield from self._live(found)
                yield from self._be_refused()
                yield from self._probe(found)
        except httpx.TransportError:
            raise CommandFailed("the API does not answer") from None

    def erase(self) -> int:
        """Request the erasure of everybody; return how many could not be erased."""
        with Conversation(self._target.api_url, self._walked) as api:
            return sum(not api.erase(one) for one in self._walked.registered)

    def _live(self, found: list[Route]) -> Iterator[str]:
        people = self._people
        accepted = self._decide(people.accepted("accepted"), "accepted")
        yield "accepted"
        rejected = self._decide(people.rejected("rejected"), "rejected")
        yield "rejected"
        doubtful = self._decide(people.doubtful("in review"), "review")
        yield "in review"
        self._rectify(accepted, people.corrected("rectified"))
        yield "rectified"
        self._use_rights(rejected)
        yield "rights"
        self._be_reviewed(found, rejected, doubtful)
        yield "reviewed"
        erased = self._decide(people.accepted("erased"), "accepted")
        self._rectify(erased, people.corrected("erased after a correction"))
        self._api.ask(202, "DELETE", erased.path, headers=erased.token)
        for path in (erased.path, f"{erased.path}/data"):
            self._api.until(404, "GET", path, rightful=path != erased.path, headers=erased.token)
        yield "erased"

    def _decide(self, person: Person, decision: str) -> Registered:
        """Register somebody, wait for the decision, and let them look at their data."""
        markers = self._walked.markers
        markers |= person.markers
        key = markers[f"{person.name}, Idempotency-Key"] = self._people.word() * 3
        registered, token = self._api.register(person.payload, key)
        markers[f"{person.name}, access token"] = token
        self._follow(registered, 1, person, decision)
        return registered

    def _rectify(self, registered: Registered, person: Person) -> None:
        self._walked.markers |= person.markers
        headers = registered.token
        self._api.until(202, "PUT", registered.path, json=person.payload, headers=headers)
        self._follow(registered, 2, person, "accepted")

    def _follow(self, registered: Registered, revision: int, person: Person, decision: str) -> None:
        def decided(status: Any) -> bool:
            return bool((status["status"], status["revision"]) == ("fulfilled", revision))

        headers, data = registered.token, f"{registered.path}/data"
        status = self._api.until(200, "GET", registered.path, decided, headers=headers).json()
        if status["decision"] != decision:
            raise CommandFailed(f"the decision on the person {person.name!r} was not {decision!r}")
        answer = self._api.until(
            200,
            "GET",
            data,
            lambda shown: bool(shown["revision"] == revision),
            rightful=True,
            headers=headers,
        )
        text = json.dumps(answer.json()["data"], ensure_ascii=False)
        self._walked.shown |= {name for name, value in person.markers.items() if value in text}
        table = {**headers, "accept": "text/csv"}
        self._api.ask(200, "GET", data, rightful=True, headers=table)

    def _use_rights(self, somebody: Registered) -> None:
        """Restrict, lift, object, request a review, and ask about the requests and the decision."""
        correction = self._people.accepted("rectified while restricted")
        self._walked.markers |= correction.markers
        for status, method, part, body in (
            (200, "PUT", "/restriction", None),
            (409, "PUT", "", correction.payload),
            (200, "DELETE", "/restriction", None),
            (202, "PUT", "/objection", None),
            (202, "POST", "/review", None),
            (200, "GET", "/requests", None),
            (200, "GET", "/explanation", None),
        ):
            url = f"{somebody.path}{part}"
            self._api.until(status, method, url, json=body, headers=somebody.token)

    def _be_reviewed(self, found: list[Route], asking: Registered, waiting: Registered) -> None:
        """Have staff view two cases, each of which shows the record, and decide one."""
        by_key = {route.key: route for route in found}
        listing, case, opinion = (
            by_key[key] for key in ("GET /reviews", "GET /reviews/{id}", "POST /reviews/{id}")
        )
        self._sign(listing, "", b"")
        self._sign(case, waiting.id, b"", rightful=True)
        shown = self._sign(case, asking.id, b"", rightful=True).json()
        decided = {"revision": shown["revision"], "decision": "rejected"}
        self._sign(opinion, asking.id, json.dumps(decided).encode())

    def _sign(
        self, route: Route, registration: str, body: bytes, *, rightful: bool = False
    ) -> httpx.Response:
        url = route.base + route.path.replace("{id}", registration)
        headers = signed(route.method, url, {"content-type": "application/json"}, body)
        return self._api.ask(
            200, route.method, url, rightful=rightful, content=body, headers=headers
        )

    def _be_refused(self) -> Iterator[str]:
        somebody = self._walked.registered[0]
        complete = self._people.accepted("malformed")
        self._walked.markers |= complete.markers
        for name, status, headers, body in refused_bodies(complete.payload, self._marker):
            self._api.ask(status, "POST", "/registrations", content=body, headers=headers)
            both = {**headers, **somebody.token}
            self._api.ask(status, "PUT", somebody.path, content=body, headers=both)
            yield name
        for name, status, headers in refused_headers(self._marker):
            self._api.ask(status, "POST", "/registrations", content=b"{}", headers=headers)
            yield name
        for status, words in ((404, f"Bearer {self._marker('token')}"), (401, "no bearer")):
            self._api.ask(status, "GET", somebody.path, headers={"authorization": words})
        yield "token"

    def _probe(self, found: list[Route]) -> Iterator[str]:
        somebody = self._decide(self._people.accepted("probed"), "accepted")
        for probe in probes(found, self._marker, somebody.id, somebody.token):
            self._api.send(
                probe.method,
                probe.url,
                rightful=probe.rightful,
                content=probe.body,
                headers=probe.headers,
            )
            yield probe.route

    def _marker(self, name: str) -> str:
        """Return the marker, which belongs to no person, for a name."""
        return self._walked.markers.setdefault(name, self._people.word())
