"""HTTP as botocore's ``before-send`` hook sees it: bytes of a request, and an answer to it."""

import io
import uuid
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, cast

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

REGION = "us-east-1"

# What the HTTP library adds after the hook, in this form.
_ADDED_LATER = "Host: \r\nAccept-Encoding: identity\r\n"


def request_bytes(request: AWSPreparedRequest) -> int:
    """Return the length of a request in HTTP/1.1: its head and its body, without TLS."""
    _, _, rest = request.url.partition("://")
    host, _, path = rest.partition("/")
    head = f"{request.method} /{path} HTTP/1.1\r\n{_ADDED_LATER}{host}"
    return len(head) + _header_bytes(dict(request.headers.items())) + len(body_of(request))


def body_of(request: AWSPreparedRequest) -> bytes:
    """Return the body of a request."""
    body = request.body or b""
    return body.encode() if isinstance(body, str) else cast("bytes", body)


def response(url: str, status: int, body: bytes) -> tuple[AWSResponse, int]:
    """Return an answer with the headers that AWS sends, and its length in HTTP/1.1."""
    headers = {
        "Server": "Server",
        "Date": "Fri, 15 Jan 2027 12:00:00 GMT",
        "Content-Type": "application/x-amz-json-1.0",
        "Content-Length": str(len(body)),
        "Connection": "keep-alive",
        "x-amzn-RequestId": str(uuid.uuid4()),
        "x-amz-crc32": str(zlib.crc32(body)),
    }
    answer = AWSResponse(url, status, cast("HTTPHeaders", headers), Body(body))
    return answer, len("HTTP/1.1 200 OK\r\n") + _header_bytes(headers) + len(body)


class Body(io.BytesIO):
    """A response body as urllib3 gives it."""

    def stream(self, **_: object) -> Iterator[bytes]:
        """Yield the rest in one piece."""
        yield self.read()


def _header_bytes(headers: Mapping[str, Any]) -> int:
    lines = sum(
        len(name) + len(value if isinstance(value, bytes) else str(value)) + len(": \r\n")
        for name, value in headers.items()
    )
    return lines + len("\r\n")
