"""`civic elections` without a stack: what it sends, what it prints, what it refuses to send."""

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from civic.operator import main as main_module
from civic.operator.commands import elections as module
from civic.operator.commands.election_tables import elections_table
from civic.operator.elections import ElectionOffice
from civic.operator.main import main
from civic.operator.reach import Reach, reach_of
from civic.operator.staff import StaffRefused
from civic.stack.target import LOCAL_STACK, Target
from civic.stack.workspace import Workspace
from tests.fakes.voting_elections import draft, draft_document

type Capture = pytest.CaptureFixture[str]

ID = "0123456789ab"
URL = "http://127.0.0.1:4566/_aws/execute-api/office-id"
SHOWN: dict[str, Any] = {
    "id": ID,
    "revision": 3,
    "state": "published",
    "title": "[bold]Council[/bold]",
    "time_zone": "Europe/Berlin",
    "opens_at": "2027-09-26T06:00:00Z",
    "closes_at": "2027-12-26T18:00:00Z",
    "day": "2027-12-27",
    "roll_closes_at": "2027-09-05T22:00:00Z",
    "openings": "public",
    "contests": [
        {
            "id": "c1",
            "title": "Mayor",
            "min": 0,
            "max": 1,
            "order": 0,
            "write_ins": True,
            "options": [
                {"id": "o3", "text": "Grace", "order": 1},
                {"id": "o2", "text": "Ada\x1b[2J", "description": "Parks", "order": 0},
            ],
        }
    ],
    "styles": [
        {"id": "north", "name": "North", "areas": ["N1", "N2"], "contests": [{"contest": "c1"}]},
        {
            "id": "south",
            "name": "South",
            "areas": ["S1"],
            "contests": [{"contest": "c1", "options": ["o2"]}],
        },
    ],
    "keys": ["north"],
}


class Api:
    """Records every request, and answers all alike."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, Any]] = []
        self.answer = httpx.Response(200, json=SHOWN)
        self.people: dict[tuple[str, ...], int] = {("N1", "DE"): 3, ("S1", "DE"): 1}

    def reach(self, shown: dict[str, Any]) -> Reach:
        return reach_of(shown["styles"], self.people, frozenset({"N1", "N2", "S1"}))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"].startswith("AWS4-HMAC-SHA256")
        body = json.loads(request.content) if request.content else None
        self.seen.append((request.method, str(request.url).removeprefix(URL), body))
        return self.answer


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Api:
    found = Api()
    monkeypatch.setattr(main_module, "here", lambda: Workspace(tmp_path))

    class Desk(ElectionOffice):
        def __init__(self, _target: Target) -> None:
            super().__init__(target(), transport=httpx.MockTransport(found))

    monkeypatch.setattr(module, "ElectionOffice", Desk)
    monkeypatch.setattr(module, "reach_in", lambda _target, shown: found.reach(shown))
    for name in ("CIVIC_PORT", "CIVIC_STACK"):
        monkeypatch.delenv(name, raising=False)
    return found


def target() -> Target:
    local = Target(LOCAL_STACK, region="eu-west-1", endpoint="http://127.0.0.1:4566")
    vars(local)["outputs"] = {"ElectionsApiId": "office-id"}
    return local


def office(api: Api) -> ElectionOffice:
    return ElectionOffice(target(), transport=httpx.MockTransport(api))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    written = tmp_path / "election.json"
    written.write_text(json.dumps(draft_document()))
    return written


def civic(*words: object) -> int:
    return main(["elections", *map(str, words)])


def test_draft_is_sent_as_the_file_has_it(api: Api, file: Path, capsys: Capture) -> None:
    assert civic("create", file) == 0
    ((method, path, body),) = api.seen
    assert (method, path) == ("POST", "/elections")
    assert body == draft().model_dump(mode="json", exclude_none=True)
    printed = capsys.readouterr()
    assert printed.out == f"{ID}: published, revision 3\n"
    assert f"civic elections publish {ID}" in printed.err


def test_time_without_an_offset_is_sent_without_one(api: Api, tmp_path: Path) -> None:
    written = tmp_path / "local.yaml"
    written.write_text(json.dumps(draft_document(opens_at="2027-09-26 08:00")))
    assert civic("create", written) == 0
    assert api.seen[0][2]["opens_at"] == "2027-09-26T08:00:00"


@pytest.mark.parametrize(
    ("words", "request_"),
    [
        (["open", ID], ("PUT", f"/elections/{ID}/opening", None)),
        (["suspend", ID], ("PUT", f"/elections/{ID}/suspension", None)),
        (["resume", ID], ("DELETE", f"/elections/{ID}/suspension", None)),
        (["finish", ID], ("PUT", f"/elections/{ID}/closing", None)),
        (
            ["certify", ID, "--ballots", "7"],
            ("PUT", f"/elections/{ID}/certification", {"ballots": 7}),
        ),
        (["show", ID], ("GET", f"/elections/{ID}", None)),
        (
            ["clone", ID, "--opens-at", "2028-09-26 08:00", "--closes-at", "2028-09-26T18:00Z"],
            (
                "POST",
                f"/elections/{ID}/clone",
                {"opens_at": "2028-09-26T08:00:00", "closes_at": "2028-09-26T18:00:00Z"},
            ),
        ),
        (
            [
                "clone",
                ID,
                "--opens-at",
                "2028-09-26 08:00",
                "--closes-at",
                "2028-09-26T18:00Z",
                "--day",
                "2028-09-27",
                "--roll-closes-at",
                "2028-09-01 00:00",
            ],
            (
                "POST",
                f"/elections/{ID}/clone",
                {
                    "opens_at": "2028-09-26T08:00:00",
                    "closes_at": "2028-09-26T18:00:00Z",
                    "day": "2028-09-27",
                    "roll_closes_at": "2028-09-01T00:00:00",
                },
            ),
        ),
    ],
)
def test_step_is_sent_and_told(
    api: Api, capsys: Capture, words: list[str], request_: tuple[str, str, Any]
) -> None:
    assert civic(*words) == 0
    assert api.seen == [request_]
    assert ID in capsys.readouterr().out
    assert civic(*words, "--json") == 0
    assert json.loads(capsys.readouterr().out) == SHOWN


def test_election_that_reaches_everybody_is_announced(api: Api, capsys: Capture) -> None:
    assert civic("publish", ID) == 0
    assert api.seen[-1] == ("PUT", f"/elections/{ID}/publication", None)
    assert capsys.readouterr() == (f"{ID}: published, revision 3\n", "")


def test_election_that_leaves_somebody_out_is_announced_only_if_told_so(
    api: Api, capsys: Capture
) -> None:
    api.people = {("N1", "DE"): 3, ("W1", "DE"): 2, ("DE",): 1}
    assert civic("publish", ID) == 1
    assert [method for method, *_ in api.seen] == ["GET"]
    told = [
        "style south reaches nobody on the roll",
        "DE: 1 on the roll whom no style reaches",
        (
            "  of them only the country is known. A table that has DE says where they vote: civic"
            " areas load FILE, then civic reconcile; whom it does not place, staff do (civic review"
            " list)"
        ),
        "W1: 2 on the roll whom no style reaches",
    ]
    printed = capsys.readouterr()
    assert printed.err.splitlines()[:4] == told
    assert "repeat with --anyway" in printed.err
    assert civic("publish", ID, "--anyway") == 0
    assert api.seen[-1] == ("PUT", f"/elections/{ID}/publication", None)
    assert capsys.readouterr().err.splitlines() == told


def test_deletion_is_told(api: Api, capsys: Capture) -> None:
    api.answer = httpx.Response(204)
    assert civic("delete", ID) == 0
    assert api.seen == [("DELETE", f"/elections/{ID}", None)]
    assert capsys.readouterr().out == f"deleted: {ID}\n"


def test_candidate_is_sent_with_its_styles(api: Api, capsys: Capture) -> None:
    api.answer = httpx.Response(201, json={"contest": "c1", "option": "o9", "revision": 4})
    words = ["candidate", ID, "--contest", "c1", "--text", "Barbara", "--style", "south"]
    assert civic(*words) == 0
    sent = {"contest": "c1", "text": "Barbara", "styles": ["south"]}
    assert api.seen == [("POST", f"/elections/{ID}/candidates", sent)]
    assert capsys.readouterr().out == "registered: o9 in c1\n"


def test_update_sends_the_revision_of_the_file(api: Api, tmp_path: Path) -> None:
    written = tmp_path / "election.json"
    written.write_text(json.dumps(draft_document(revision=3)))
    assert civic("update", ID, written) == 0
    assert api.seen[0][2]["revision"] == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["candidate", ID, "--contest", "mayor", "--text", "B"], "--contest: "),
        (["candidate", ID, "--contest", "c1", "--text", ""], "--text: "),
        (
            ["candidate", ID, "--contest", "c1", "--text", "B", "--image", "http://x"],
            "--image: ",
        ),
        (["clone", ID, "--opens-at", "soon", "--closes-at", "2028-09-26 18:00"], "--opens-at: "),
        (
            [
                "clone",
                ID,
                "--opens-at",
                "2028-09-26 08:00",
                "--closes-at",
                "2028-09-26 18:00",
                "--day",
                "2028-09-27 08:00",
            ],
            "--day: Input should be a day",
        ),
        (["create", "/nonexistent/election.yaml"], "No such file"),
    ],
)
def test_what_says_nothing_is_not_sent(
    api: Api, capsys: Capture, words: list[str], said: str
) -> None:
    assert civic(*words) == 2
    assert said in capsys.readouterr().err
    assert api.seen == []


@pytest.mark.parametrize("id_", ["../reviews", "a/b", "", "ä", "x?y"])
def test_what_is_no_id_is_not_sent(api: Api, id_: str) -> None:
    calls: list[Callable[[], object]] = [
        lambda: office(api).show(id_),
        lambda: office(api).publish(id_),
        lambda: office(api).add_codes(id_, "north", []),
    ]
    for call in calls:
        with pytest.raises(StaffRefused, match="404"):
            call()
    assert api.seen == []


# ------------------------------------------------------------------ what is printed


def test_list_shows_times_as_the_clocks_there_do() -> None:
    console = Console(file=io.StringIO(), width=120, color_system=None)
    console.print(elections_table([SHOWN]))
    file: Any = console.file
    (line,) = [one for one in file.getvalue().splitlines() if ID in one]
    assert line.split() == [
        ID,
        "published",
        "[bold]Council[/bold]",
        *["2027-09-26", "08:00", "CEST"],
        *["2027-12-26", "19:00", "CET"],
    ]


def test_list_fits_a_terminal(api: Api, capsys: Capture) -> None:
    api.answer = httpx.Response(200, json={"elections": [SHOWN]})
    assert civic("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert any(ID in line for line in lines)
    assert civic("list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == [SHOWN]


def test_empty_list_says_what_to_do(api: Api, capsys: Capture) -> None:
    api.answer = httpx.Response(200, json={"elections": []})
    assert civic("list") == 0
    assert "civic elections create" in capsys.readouterr().out


def test_election_is_shown_with_contests_styles_and_keys(api: Api, capsys: Capture) -> None:
    assert civic("show", ID) == 0
    assert api.seen
    printed = capsys.readouterr().out
    lines = [" ".join(line.split()) for line in printed.splitlines()]
    assert "opens 2027-09-26 08:00 CEST (Europe/Berlin)" in lines
    assert "roll closes 2027-09-06 00:00 CEST (Europe/Berlin)" in lines
    assert "day 2027-12-27, when voters must be old enough" in lines
    assert "openings for everybody" in lines
    assert "c1 Mayor (0 to 1)" in lines
    assert lines.index("o2 Ada\ufffd[2J Parks") < lines.index("o3 Grace")
    assert "(write-ins)" in lines
    assert "north North N1 N2 c1 yes" in lines
    assert "south South S1 c1(o2) not yet" in lines
    assert "\x1b" not in printed


def test_sealed_election_is_shown_with_the_time(api: Api, capsys: Capture) -> None:
    api.answer = httpx.Response(200, json=SHOWN | {"sealed_at": "2027-12-26T18:05:00Z"})
    assert civic("show", ID) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "sealed 2027-12-26 19:05 CET (Europe/Berlin)" in lines


def test_file_of_an_election_can_be_read_again(api: Api, capsys: Capture, tmp_path: Path) -> None:
    harmless = json.dumps(SHOWN).replace(r"\u001b[2J", "")
    api.answer = httpx.Response(200, json=json.loads(harmless))
    assert civic("show", ID, "--file") == 0
    back = tmp_path / "back.yaml"
    back.write_text(capsys.readouterr().out)
    assert civic("update", ID, back) == 0
    sent = api.seen[1][2]
    assert (sent["revision"], sent["opens_at"]) == (3, "2027-09-26T08:00:00+02:00")
    assert [one["id"] for one in sent["contests"]] == ["c1"]
    assert sent["openings"] == "public"
    assert (sent["day"], sent["roll_closes_at"]) == ("2027-12-27", "2027-09-06T00:00:00+02:00")


@pytest.mark.parametrize(
    ("status", "problem", "said"),
    [
        (404, {"code": "not_found"}, "civic elections list"),
        (409, {"code": "not_now"}, "its state does not allow that"),
        (409, {"code": "election_moved"}, "changed in the meantime"),
        (409, {"code": "ballots_waiting"}, "dead letters"),
        (409, {"code": "box_not_counted"}, "dead letters of Counter"),
        (
            409,
            {
                "code": "count_differs",
                "errors": [
                    {"code": f"{count}_differs", "pointer": "/ballots"}
                    for count in ("box", "tally", "log")
                ],
            },
            (
                "  /ballots: the box holds another number: certify that one, if your own count has"
                " it\n"
                "  /ballots: the tally has another number: if that stays, look at the log lines of"
                " tally\n"
                "  /ballots: the public log has another number: "
            ),
        ),
        (403, {"message": "Forbidden"}, "these AWS credentials may not"),
        (503, {"code": "temporarily_unavailable"}, "try again"),
        (
            422,
            {
                "code": "bad_definition",
                "errors": [
                    {"code": "area_given_twice", "pointer": "/styles/1/areas/0"},
                    {"code": "too_large", "pointer": ""},
                    {"code": "brand_new", "pointer": "/title"},
                    {"code": "forbidden_character", "pointer": "/title", "character": "U+200B"},
                ],
            },
            (
                "  /styles/1/areas/0: another ballot style has this area\n"
                "  the whole document: larger than 300 KiB\n"
                "  /title: brand_new\n"
                "  /title: hides text, reorders it or shows as nothing (U+200B)\n"
            ),
        ),
    ],
)
def test_refusal_says_what_to_do(
    api: Api, capsys: Capture, status: int, problem: dict[str, Any], said: str
) -> None:
    api.answer = httpx.Response(status, json=problem)
    assert civic("open", ID) == 1
    assert said in capsys.readouterr().err
    assert len(api.seen) == 1


def test_every_fault_of_the_rules_has_its_words() -> None:
    model = Path(__file__).resolve().parents[3] / "src/voting/civic/voting/model"
    source = "".join((model / name).read_text() for name in ("rules.py", "drafting.py"))
    codes = set(re.findall(r'(?:yield |\()"([a-z_]+)", (?:f?"|pointer)', source))
    counts = {"box_differs", "tally_differs", "log_differs"}
    of_the_form = {"forbidden_character"}
    assert codes == set(ElectionOffice.fault_texts) - counts - of_the_form
