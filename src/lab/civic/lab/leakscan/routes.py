"""Requests to every route of the stack's APIs, with a marker in every part."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from civic.stack.engine import CREDENTIALS, REGION
from civic.stack.target import Target

_PARAMETER = re.compile(r"\{[^}]*\}")
_OWN_DATA = "GET /registrations/{id}/data"


@dataclass(frozen=True, slots=True)
class Route:
    """One route of one API.

    Attributes:
        key: As in API Gateway: ``GET /registrations/{id}``.
        base: The URL of its API, without a slash at the end.
        signed: Whether callers must sign (AWS Signature Version 4).
    """

    key: str
    base: str
    signed: bool

    @property
    def method(self) -> str:
        """The HTTP method; PATCH, which no route declares, if the route takes any."""
        method = self.key.partition(" ")[0]
        if method == "ANY":
            return "PATCH"
        return method if method.isalpha() else "GET"

    @property
    def path(self) -> str:
        """The path with its parameters; a single parameter for the default route."""
        return self.key.partition(" ")[2] or "/{rest}"


@dataclass(frozen=True, slots=True)
class Probe:
    """One request, and whether its answer may rightly show a citizen's data."""

    route: str
    method: str
    url: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    rightful: bool = False


def routes(target: Target) -> list[Route]:
    """Return every route of every HTTP API of the engine, with those that delete last."""
    client = target.client("apigatewayv2")
    found = []
    for api in _items(client.get_apis):
        stages = [stage["StageName"] for stage in _items(client.get_stages, ApiId=api["ApiId"])]
        base = f"{target.endpoint}/_aws/execute-api/{api['ApiId']}"
        if stages and "$default" not in stages:
            base = f"{base}/{stages[0]}"
        for route in _items(client.get_routes, ApiId=api["ApiId"]):
            signed = route.get("AuthorizationType") == "AWS_IAM"
            found.append(Route(route["RouteKey"], base, signed))
    return sorted(found, key=lambda route: (route.method == "DELETE", route.key))


def probes(
    found: list[Route], marker: Callable[[str], str], registration: str, token: Mapping[str, str]
) -> Iterator[Probe]:
    """Yield requests with a marker wherever one can be: in path, query, headers and body.

    Each route is called by a stranger, and also by an official if callers must sign. Then the
    routes about one registration are called with its id and its token.

    Args:
        found: The routes.
        marker: Makes the marker for a name.
        registration: The id of a registration.
        token: The header that authorises access to it.
    """
    for route in found:
        word = marker(f"probe of {route.key}")
        path = _PARAMETER.sub(word, route.path)
        probe = _probe(route, path, word, {"authorization": f"Bearer {word}"})
        yield probe
        if route.signed:
            headers = signed(probe.method, probe.url, probe.headers, probe.body)
            yield replace(probe, headers=headers)
    for route in found:
        if "{id}" in route.path and not route.signed:
            word = marker(f"probe of {route.key}")
            path = _PARAMETER.sub(word, route.path.replace("{id}", registration))
            yield _probe(route, path, word, token)


def _probe(route: Route, path: str, word: str, authorization: Mapping[str, str]) -> Probe:
    headers = {"content-type": "application/json", "user-agent": word, f"x-{word}".lower(): word}
    body = b"" if route.method == "GET" else json.dumps({word: word}).encode()
    url = f"{route.base}{path}?{word}={word}"
    rightful = route.key == _OWN_DATA
    return Probe(route.key, route.method, url, {**headers, **authorization}, body, rightful)


def signed(method: str, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    """Return the headers of a request signed as the engine's administrator."""
    # Slow to import, and `civic --help` needs none of it.
    from botocore.auth import SigV4Auth  # noqa: PLC0415
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415
    from botocore.credentials import Credentials  # noqa: PLC0415

    unsigned = {name: text for name, text in headers.items() if name != "authorization"}
    unsigned["host"] = urlsplit(url).netloc
    request = AWSRequest(method, url, headers=unsigned, data=body)
    SigV4Auth(Credentials(*CREDENTIALS), "execute-api", REGION).add_auth(request)
    return dict(request.headers.items())


def _items(ask: Callable[..., Any], **arguments: str) -> Iterator[Any]:
    """Yield the items of all pages."""
    following: dict[str, str] = {}
    while True:
        answer = ask(**arguments, **following)
        yield from answer["Items"]
        if "NextToken" not in answer:
            return
        following = {"NextToken": answer["NextToken"]}
