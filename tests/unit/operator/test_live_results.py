"""Live results: every viewer receives what is new, and the vote API is asked once for all."""

import base64
import hashlib
import http.client
import json
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import count
from threading import Thread
from typing import Any

import httpx
import pytest

from civic.client.api_client import Refused
from civic.client.polling import PollingPlace
from civic.operator.commands.voting import results
from civic.operator.live_results import Board, LiveResults, follow, live_results, serve
from civic.terminal.failures import CommandFailed, PortTaken, SettingInvalid

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

RETRY, NOTHING_NEW = b"retry: 2000\n\n", b": nothing new\n\n"


def snapshot(version: int) -> dict[str, Any]:
    return {"version": version, "title": "Größe\n1", "contests": []}


def event(version: int) -> bytes:
    data = json.dumps(snapshot(version), ensure_ascii=False)
    return f"id: {version}\ndata: {data}\n\n".encode()


# ------------------------------------------------------------------ what a viewer is told


def test_viewer_is_told_the_latest_results_and_then_each_newer_one() -> None:
    board = Board()
    board.show(snapshot(1))
    board.show(snapshot(2))
    stream = board.events()
    assert [next(stream), next(stream)] == [RETRY, event(2)]
    board.show(snapshot(3))
    assert next(stream) == event(3)


def test_every_viewer_is_told() -> None:
    board = Board()
    streams = [board.events() for _ in range(3)]
    assert [next(one) for one in streams] == [RETRY] * 3
    board.show(snapshot(1))
    assert [next(one) for one in streams] == [event(1)] * 3


def test_the_same_results_are_not_told_twice_but_a_heartbeat_is() -> None:
    board = Board(heartbeat=0.001)
    board.show(snapshot(1))
    stream = board.events()
    told = [next(stream) for _ in range(3)]
    board.show(snapshot(1))
    assert [*told, next(stream)] == [RETRY, event(1), NOTHING_NEW, NOTHING_NEW]


def test_what_is_wrong_is_told_once_and_taken_back() -> None:
    board = Board(heartbeat=0.001)
    board.say("")
    stream = board.events()
    told = [next(stream), next(stream)]
    for notice in ("no\nanswer", "no\nanswer", ""):
        board.say(notice)
        told.append(next(stream))
    assert told == [
        RETRY,
        NOTHING_NEW,
        b'event: notice\ndata: "no\\nanswer"\n\n',
        NOTHING_NEW,
        b'event: notice\ndata: ""\n\n',
    ]


def test_closing_ends_every_stream_and_every_wait() -> None:
    board = Board()
    stream = board.events()
    next(stream)
    board.close()
    assert next(stream, None) is None
    board.pause(3600)
    assert board.wait_for_viewers() is False


def test_nobody_asks_before_somebody_watches_and_after_the_last_is_gone() -> None:
    board, answers = Board(), list[bool]()
    waiting = Thread(target=lambda: answers.append(board.wait_for_viewers()), daemon=True)
    gone = board.events()
    next(gone)
    gone.close()
    waiting.start()
    waiting.join(0.02)
    assert not answers
    watching = board.events()
    next(watching)
    waiting.join(10)
    assert answers == [True]


# ------------------------------------------------------------------ asking


class Day(Board):
    """A board that somebody watches for some readings, on its own clock."""

    def __init__(self, readings: int) -> None:
        super().__init__(heartbeat=0.001)
        self.left, self.now = readings, 100.0
        self.pauses: list[float] = []
        self.stream = self.events()
        next(self.stream)

    def wait_for_viewers(self) -> bool:
        self.left -= 1
        return self.left >= 0

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.mark.parametrize(("taken", "pause"), [(0.25, 0.75), (0.0, 1.0), (3.0, 0.0)])
def test_readings_begin_a_second_apart(taken: float, pause: float) -> None:
    day = Day(3)

    def read(_: str | None) -> None:
        day.now += taken

    follow(day, read, lambda: day.now)
    assert day.pauses == [pause] * 3


def test_reading_knows_the_tag_of_the_last_answer() -> None:
    tags: list[str | None] = []
    answers = iter([(snapshot(1), "a"), None, (snapshot(2), "b"), None])

    def read(tag: str | None) -> tuple[dict[str, Any], str] | None:
        tags.append(tag)
        return next(answers)

    day = Day(4)
    follow(day, read)
    assert tags == [None, "a", "a", "b"]
    assert next(day.stream) == event(2)


def test_failure_is_told_and_the_asking_goes_on() -> None:
    answers: Iterator[Any] = iter([CommandFailed("the API does not answer"), (snapshot(1), "a")])
    told = []

    def read(_: str | None) -> tuple[dict[str, Any], str] | None:
        told.append(next(day.stream))
        answer = next(answers)
        if isinstance(answer, CommandFailed):
            raise answer
        found: tuple[dict[str, Any], str] = answer
        return found

    day = Day(2)
    follow(day, read)
    assert told[1] == b'event: notice\ndata: "No newer results: the API does not answer"\n\n'
    assert next(day.stream) == event(1) + b'event: notice\ndata: ""\n\n'


def polling(*answers: httpx.Response) -> tuple[PollingPlace, list[httpx.Request]]:
    asked: list[httpx.Request] = []
    left = iter(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return next(left)

    transport = httpx.MockTransport(answer)
    return PollingPlace("http://127.0.0.1", local=True, transport=transport), asked


def test_latest_results_are_asked_for_by_their_tag() -> None:
    place, asked = polling(
        httpx.Response(200, json=snapshot(1), headers={"etag": '"x"'}), httpx.Response(304)
    )
    with place:
        assert place.newer_results({"area": "S 1"}, None) == (snapshot(1), '"x"')
        assert place.newer_results({}, '"x"') is None
    assert [one.url.raw_path for one in asked] == [b"/votes?area=S%201", b"/votes"]
    assert [one.headers.get("if-none-match") for one in asked] == [None, '"x"']


def test_latest_results_are_asked_for_once_whatever_comes() -> None:
    place, asked = polling(httpx.Response(503, json={"code": "unavailable"}))
    with place, pytest.raises(Refused):
        place.newer_results({}, None)
    assert len(asked) == 1


# ------------------------------------------------------------------ the server


@pytest.fixture
def asked() -> list[float]:
    return []


@pytest.fixture
def server(asked: list[float]) -> Iterator[LiveResults]:
    versions = count(1)

    def read(_: str | None) -> tuple[dict[str, Any], str]:
        asked.append(time.monotonic())
        return snapshot(next(versions)), "tag"

    with live_results(0, read) as server:
        running = Thread(target=server.serve_forever, args=(0.01,))
        running.start()
        yield server
        server.shutdown()
        running.join()


@contextmanager
def opened(
    server: LiveResults, path: str, host: str | None = None
) -> Iterator[http.client.HTTPResponse]:
    place = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    with closing(place) as connection:
        connection.request("GET", path, headers={"host": host} if host else {})
        with connection.getresponse() as answer:
            yield answer


def fetched(
    server: LiveResults, path: str, host: str | None = None
) -> tuple[http.client.HTTPResponse, str]:
    with opened(server, path, host) as answer:
        return answer, answer.read().decode()


def test_page_may_run_what_stands_in_it_and_load_nothing(server: LiveResults) -> None:
    answer, page = fetched(server, "/")
    assert (answer.status, answer.headers.get_content_type()) == (200, "text/html")
    policy = dict(
        part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";")
    )
    for name in ("style", "script"):
        (text,) = re.findall(f"<{name}>(.*?)</{name}>", page, re.DOTALL)
        found = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert policy.pop(f"{name}-src") == f"'sha256-{found}'"
    assert policy.pop("connect-src") == "'self'"
    assert set(policy.values()) == {"'none'"}
    assert {"default-src", "base-uri", "form-action", "frame-ancestors"} == set(policy)
    assert not re.search(r"https?://|\bsrc=|\bhref=|\bstyle=|\bon\w+=|@import|url\(", page)


def test_events_are_a_stream_that_is_not_kept(server: LiveResults) -> None:
    with opened(server, "/events") as answer:
        assert answer.headers.get_content_type() == "text/event-stream"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.read(len(RETRY + event(1))) == RETRY + event(1)


def test_viewers_cost_one_request_a_second_together(
    server: LiveResults, asked: list[float]
) -> None:
    with ExitStack() as viewers:
        for answer in [viewers.enter_context(opened(server, "/events")) for _ in range(12)]:
            assert answer.read(len(RETRY) + 3) == RETRY + b"id:"
    # One more than the seconds that passed, and one for the time until a due reading is made.
    assert len(asked) <= 2 + time.monotonic() - asked[0]


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1"]
)
def test_page_is_not_shown_under_another_name(server: LiveResults, host: str) -> None:
    answer, _ = fetched(server, "/", host.format(port=server.server_port))
    assert answer.status == 421


def test_page_is_shown_as_localhost(server: LiveResults) -> None:
    assert fetched(server, "/", f"localhost:{server.server_port}")[0].status == 200


def test_there_is_nothing_else(server: LiveResults) -> None:
    assert fetched(server, "/etc/passwd")[0].status == 404


def test_it_listens_on_loopback_only(server: LiveResults) -> None:
    assert server.socket.getsockname()[0] == "127.0.0.1"


def test_taken_port_is_told(server: LiveResults) -> None:
    with pytest.raises(PortTaken, match=f"port {server.server_port} is taken"):
        LiveResults(server.server_port, Board())


def test_interrupt_ends_it_and_its_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    streams, ports = list[Iterator[bytes]](), list[int]()

    def interrupted(server: LiveResults) -> None:
        streams.append(server.board.events())
        next(streams[0])
        ports.append(server.server_port)
        raise KeyboardInterrupt

    monkeypatch.setattr(LiveResults, "serve_forever", interrupted)
    serve(0, lambda _: None)
    assert next(streams[0], None) is None
    LiveResults(ports[0], Board()).server_close()


@pytest.mark.parametrize("other", [{"follow": True}, {"output": "json"}])
def test_serving_goes_with_no_other_form(other: dict[str, Any]) -> None:
    context: Any = None
    with pytest.raises(SettingInvalid):
        results(context, port=4700, **{"output": "chart", "follow": False, **other})
