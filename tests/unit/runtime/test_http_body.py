"""The body of a request: checked strictly, and never repeated in a refusal."""

import json
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from civic.contracts.text import plain_text
from civic.contracts.trace import TraceContext
from civic.runtime.http import answer, serve
from civic.runtime.observability import Invocation
from civic.runtime.request import MAX_BODY_BYTES, FieldError, Problem, Request, Response
from civic.runtime.routes import Access, Route, Routes
from tests.fakes.fixtures import LogLines
from tests.fakes.lambda_events import http_event, said, wrong_fields

CANARY = "zq9canary"
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NO_TRACE = TraceContext("0" * 32, "0" * 16)


pytestmark = pytest.mark.usefixtures("log_lines")


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    a: int = 0


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, strict=True)

    name: str
    parts: list[Inner] = []
    by_key: dict[str, Inner] = {}


def nothing_known(_error: Exception) -> None:
    """There is no domain here."""


def post(event: dict[str, Any]) -> Response:
    def take(request: Request, _line: Invocation) -> Response:
        return answer(200, request.body(Thing))

    routes = Routes("Api", (Route("POST /things", take, Access.PUBLIC, "makeThing"),))
    return serve(event, routes, nothing_known)


def send(body: str | bytes) -> Response:
    return post(http_event(body=body))


def test_valid_body_reaches_the_handler() -> None:
    response = send('{"name": "Zoë", "parts": [{"a": 1}]}')
    assert response["statusCode"] == 200
    assert json.loads(response["body"])["name"] == "Zoë"


def test_base64_body_is_decoded() -> None:
    assert send('{"name": "Zoë"}'.encode())["statusCode"] == 200


@pytest.mark.parametrize(
    "kind",
    ["application/json; charset=utf-8", "application/json ;charset=utf-8", "Application/JSON"],
)
def test_content_type_may_have_parameters_and_any_case(kind: str) -> None:
    assert post(http_event(body='{"name": "x"}', content_type=kind))["statusCode"] == 200


@pytest.mark.parametrize(
    "kind", [None, "", "text/plain", "application/jsonp", "application/x-www-form-urlencoded"]
)
def test_another_content_type_is_415(kind: str | None) -> None:
    event = http_event(body='{"name": "x"}', content_type=kind)
    assert said(post(event)) == (415, "not_json")


@pytest.mark.parametrize("encode", [str, str.encode], ids=["raw", "base64"])
def test_body_of_exactly_the_limit_is_read(encode: Callable[[str], str | bytes]) -> None:
    body = '{"name": "' + "x" * (MAX_BODY_BYTES - 12) + '"}'
    assert len(body) == MAX_BODY_BYTES
    assert send(encode(body))["statusCode"] == 200


@pytest.mark.parametrize("encode", [str, str.encode], ids=["raw", "base64"])
@pytest.mark.parametrize("excess", [1, 3, MAX_BODY_BYTES, 10 * MAX_BODY_BYTES])
def test_larger_body_is_413(encode: Callable[[str], str | bytes], excess: int) -> None:
    body = '{"name": "' + "x" * (MAX_BODY_BYTES - 12 + excess) + '"}'
    refused = send(encode(body))
    assert said(refused) == (413, "body_too_large")
    assert json.loads(refused["body"])["title"] == "The body is larger than 64 KiB"


def test_limit_counts_bytes_and_not_characters() -> None:
    body = json.dumps({"name": "\u20ac" * (MAX_BODY_BYTES // 3)}, ensure_ascii=False)
    assert len(body) < MAX_BODY_BYTES
    assert said(send(body)) == (413, "body_too_large")


@pytest.mark.parametrize(
    "body",
    [
        '{"name": "x", "name": "x"}',
        '{"name": "x", "by_key": {"k": {"a": 1, "a": 2}}}',
        '{"name": "x", "parts": [{"a": 1}, {"a": 1, "a": 1}]}',
        '{"name": "x", "n\\u0061me": "x"}',
    ],
    ids=["top", "nested", "in a list", "escaped"],
)
def test_key_named_twice_is_400(body: str) -> None:
    assert said(send(body)) == (400, "duplicate_key")


@pytest.mark.parametrize("depth", [9, 100, 900])
@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_deep_nesting_is_400(depth: int, brackets: str) -> None:
    opening, closing = ("[", "]") if brackets == "[]" else ('{"a":', "}")
    body = opening * depth + "1" + closing * depth
    assert said(send(body)) == (400, "too_deep")


@pytest.mark.parametrize("body", ["[" * 60_000, "[" * 30_000 + "]" * 30_000, '{"a":' * 10_000])
def test_nesting_beyond_the_parser_is_400(body: str) -> None:
    assert said(send(body)) in {(400, "malformed_json"), (400, "too_deep")}


def test_hundred_thousand_brackets_are_413() -> None:
    assert said(send("[" * 100_000)) == (413, "body_too_large")


@pytest.mark.parametrize("depth", [8])
def test_nesting_up_to_the_limit_is_left_to_the_model(depth: int) -> None:
    assert said(send("[" * depth + "]" * depth)) == (422, "invalid_fields")


@pytest.mark.parametrize(
    "body",
    [
        "",
        " ",
        "{",
        '{"name": }',
        "{'name': 'x'}",
        '{"name": "x"} {}',
        '{"name": "x",}',
        '{"name": NaN}',
        '{"name": Infinity}',
        '{"name": -Infinity}',
        '{"name": "\n"}',
        '{"parts": [{"a": 1' + "0" * 5000 + "}]}",
        "\ufeff{}",
    ],
)
def test_what_is_not_json_is_400(body: str) -> None:
    assert said(send(body)) == (400, "malformed_json")


@pytest.mark.parametrize("body", [b'{"name": "\xff"}', b"\xc3", b"\xed\xa0\x80", b"\xff\xfe{\x00"])
def test_what_is_not_utf8_is_400(body: bytes) -> None:
    assert said(send(body)) == (400, "not_utf8")


def test_what_is_not_base64_is_400() -> None:
    event = http_event(body="A") | {"isBase64Encoded": True}
    assert said(post(event)) == (400, "not_utf8")


@pytest.mark.parametrize("body", ["\ud800", '{"name": "\ud800"}'])
def test_lone_surrogate_in_the_body_is_400(body: str) -> None:
    assert said(send(body)) == (400, "not_utf8")


def test_escaped_lone_surrogate_is_refused() -> None:
    # One of the two parsers accepts it.
    assert wrong_fields(send('{"name": "\\ud800"}')) == [("malformed_json", "")]


def test_absent_body_is_400() -> None:
    assert said(post(http_event(body=None))) == (400, "malformed_json")


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("text", "abcd", "too_long"),
        ("text", "", "too_short"),
        ("text", "ABC", "wrong_form"),
        ("parts", [1, 2, 3], "too_long"),
        ("parts", [], "too_short"),
        ("checked", "blank", "blank"),
        ("checked", "forbidden_character", "forbidden_character"),
        ("checked", "not_a_date", "not_a_date"),
        ("checked", "not_a_time", "not_a_time"),
        ("checked", "of our own", "wrong_type"),
    ],
)
def test_wrong_field_is_named_by_a_code_of_ours(field: str, value: object, code: str) -> None:
    def check(value: str) -> str:
        raise PydanticCustomError(value, "said nowhere")

    class Checked(BaseModel):
        text: str = Field("a", min_length=1, max_length=3, pattern="^[a-z]*$")
        parts: list[int] = Field([1], min_length=1, max_length=2)
        checked: Annotated[str, AfterValidator(check)] = ""

    with pytest.raises(Problem) as caught:
        Request(http_event(body=json.dumps({field: value})), NO_TRACE).body(Checked)
    assert [(one.code, one.pointer) for one in caught.value.errors] == [(code, f"/{field}")]


def test_forbidden_character_is_named_by_its_code_point_and_nothing_around_it_is() -> None:
    class Named(BaseModel):
        name: Annotated[str, AfterValidator(plain_text)]

    with pytest.raises(Problem) as caught:
        Request(http_event(body='{"name": "Mara\\u200bSol"}'), NO_TRACE).body(Named)
    assert caught.value.errors == (FieldError("forbidden_character", "/name", "U+200B"),)
    assert "Mara" not in repr(caught.value)


@pytest.mark.parametrize("body", ["null", "1", '"x"', "[]", "true"])
def test_json_of_another_kind_is_422(body: str) -> None:
    assert said(send(body)) == (422, "invalid_fields")


def test_wrong_fields_are_all_named_by_code_and_pointer() -> None:
    response = send('{"parts": [{"a": 1}, {"a": "x"}], "by_key": {"k": {"a": []}}}')
    assert said(response) == (422, "invalid_fields")
    assert wrong_fields(response) == [
        ("missing", "/name"),
        ("wrong_type", "/parts/1/a"),
        ("wrong_type", "/by_key/k/a"),
    ]


def test_pointer_escapes_tilde_and_slash() -> None:
    response = send('{"name": "x", "by_key": {"a/b~c": {"a": "x"}}}')
    assert wrong_fields(response) == [("wrong_type", "/by_key/a~1b~0c/a")]


def test_unknown_key_is_not_repeated() -> None:
    response = send(json.dumps({"name": "x", CANARY: 1, "parts": [{CANARY: 1}]}))
    assert wrong_fields(response) == [("unknown_field", "/parts/0"), ("unknown_field", "")]
    assert CANARY not in response["body"]


@pytest.mark.parametrize(
    "body",
    [
        f'{{"name": {{"{CANARY}": 1}}}}',
        f'{{"name": ["{CANARY}"]}}',
        f'"{CANARY}"',
        f"{CANARY}",
        f'{{"{CANARY}": 1, "{CANARY}": 2}}',
    ],
)
def test_refusal_repeats_nothing_that_was_sent(body: str, log_lines: LogLines) -> None:
    response = send(body)
    assert 400 <= response["statusCode"] < 500
    assert CANARY not in json.dumps(response)
    assert CANARY not in json.dumps(log_lines())


@pytest.mark.parametrize("body", [f'{{"name": ["{CANARY}"]}}', f"{CANARY}", f"{CANARY}\ud800"])
def test_refusal_leads_nobody_to_what_was_sent(body: str) -> None:
    with pytest.raises(Problem) as caught:
        Request(http_event(body=body), NO_TRACE).body(Thing)
    # A log that follows an error to its cause must find nothing.
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_limit_of_a_body_is_64_kib() -> None:
    frame = len('{"name": ""}')
    assert send('{"name": "' + "x" * (65_536 - frame) + '"}')["statusCode"] == 200
    assert said(send('{"name": "' + "x" * (65_537 - frame) + '"}')) == (413, "body_too_large")
