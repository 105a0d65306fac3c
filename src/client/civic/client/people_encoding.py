"""The encoding of a text file: UTF-8, UTF-16, or else Windows-1252, as Excel writes them."""

import codecs
import re
from collections.abc import Callable
from pathlib import Path

from civic.client.people_formats import PopulationError
from civic.terminal.failures import SettingInvalid

_CHUNK_BYTES = 1 << 20
_UTF_16 = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_UNDECODED = re.compile("[\udc80-\udcff]")
_BEYOND_ASCII = re.compile("[^\x00-\x7f\udc80-\udcff]")


def encoding_of(path: Path, given: str | None, tell: Callable[[str], object]) -> str:
    """Return the encoding in which all of a file can be read.

    Args:
        path: The file, which is read to its end.
        given: The name of its encoding; recognised if None.
        tell: Called with a sentence if the encoding is a guess.

    Raises:
        PopulationError: The file cannot be read, or is in no such encoding.
        SettingInvalid: There is no such encoding.
    """
    try:
        if given is not None:
            return _checked(path, given)
        with path.open("rb") as file:
            start = file.read(4)
        if start[:2] in _UTF_16:
            return _checked(path, "utf-16")
        if start[1::2] == b"\0\0" or start[::2] == b"\0\0":
            return _checked(path, "utf-16-le" if start[1::2] == b"\0\0" else "utf-16-be")
        return _utf_8_or_ansi(path, tell)
    except OSError as error:
        raise PopulationError(f"{path}: cannot be read") from error


def _checked(path: Path, encoding: str) -> str:
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
        "".encode(encoding)
    except LookupError:
        raise SettingInvalid(f"there is no encoding {encoding!r}; try utf-8 or cp1252") from None
    line = 1
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK_BYTES):
                line += decoder.decode(chunk).count("\n")
            decoder.decode(b"", final=True)
        except UnicodeError:
            raise PopulationError(
                f"{path}: from about line {line} on it is not {encoding}; "
                "save it as CSV UTF-8, or name its encoding with --encoding"
            ) from None
    return encoding


def _utf_8_or_ansi(path: Path, tell: Callable[[str], object]) -> str:
    """Return Windows-1252 for what is not UTF-8, unless other parts of the file are UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    line, wrong, beyond_ascii = 1, 0, False
    with path.open("rb") as file:
        chunk = b"the first"
        while chunk:
            chunk = file.read(_CHUNK_BYTES)
            text = decoder.decode(chunk, final=not chunk)
            undecoded = None if wrong else _UNDECODED.search(text)
            if undecoded:
                wrong = line + text.count("\n", 0, undecoded.start())
            beyond_ascii = beyond_ascii or bool(_BEYOND_ASCII.search(text.removeprefix("\ufeff")))
            line += text.count("\n")
    if not wrong:
        return "utf-8-sig"
    if beyond_ascii:
        raise PopulationError(
            f"{path}: line {wrong} is not UTF-8, and other lines are; save it as CSV UTF-8, "
            "or name its encoding with --encoding"
        )
    tell("it is not UTF-8 and was read as Windows-1252; if that is wrong, give --encoding")
    return _checked(path, "cp1252")
