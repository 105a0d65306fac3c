"""Signed notes, cosignatures and checkpoints: a published example, and what is refused."""

from base64 import b64encode

import pytest

from civic.verifier.checkpoints import TreeHead, open_checkpoint
from civic.verifier.errors import KeyRefused, NoteRefused
from civic.verifier.notes import (
    COSIGNATURE,
    VerifierKey,
    cosignature_message,
    open_note,
    signature_line,
)
from tests.fakes.naive_log import Signer, leaf_hash, tree_head

LOG = Signer("civic.example/log")
WITNESS = Signer("witness.example/w", 4)
STRANGER = Signer("stranger.example")
LOG_KEY, WITNESS_KEY = VerifierKey.parse(LOG.vkey), VerifierKey.parse(WITNESS.vkey)
TEXT = tree_head(LOG.name, [leaf_hash(b"one"), leaf_hash(b"two")])
NOTE = TEXT + b"\n" + LOG.line(TEXT)
COSIGNED = NOTE + WITNESS.line(TEXT, 1679315147)

PUBLISHED_TEXT = """\
If you think cryptography is the answer to your problem,
then you don't know what your problem is.
"""
PUBLISHED = PUBLISHED_TEXT + (
    "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpR"
    "Zb6KE6RyyBwJnAM=\n— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5o"
    "vTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)
PUBLISHED_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
"""The example in the documentation of golang.org/x/mod/sumdb/note."""


def test_published_note_opens() -> None:
    note = open_note(PUBLISHED.encode(), [VerifierKey.parse(PUBLISHED_KEY)])
    assert note.text.decode() == PUBLISHED_TEXT
    assert [signature.key.name for signature in note.signatures] == ["PeterNeumann"]


def test_key_is_written_as_it_is_read() -> None:
    for signer in (LOG, WITNESS):
        assert str(VerifierKey.parse(signer.vkey)) == signer.vkey


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name",
        "name+00000000+",
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        PUBLISHED_KEY.replace("Peter", "Paul"),
        PUBLISHED_KEY.replace("c74f20a3", "C74F20A3"),
        PUBLISHED_KEY.replace("c74f20a3", "c74f20a4"),
        PUBLISHED_KEY.replace("ARpc", "AxPc"),
        PUBLISHED_KEY + "=",
        PUBLISHED_KEY + "\n",
        PUBLISHED_KEY.replace("PeterN", "Peter N"),
        Signer("ecdsa.example", 2).vkey,
    ],
)
def test_key_that_is_none_is_refused(vkey: str) -> None:
    with pytest.raises(KeyRefused):
        VerifierKey.parse(vkey)


def test_every_flipped_byte_of_a_note_refuses_it() -> None:
    for place in range(len(COSIGNED)):
        for bit in (1, 0x20, 0x80):
            altered = bytearray(COSIGNED)
            altered[place] ^= bit
            try:
                opened = open_checkpoint(bytes(altered), LOG_KEY, [WITNESS_KEY])
            except NoteRefused:
                continue
            # The remains of a witness's line may name another key, which belongs to nobody.
            assert place >= len(NOTE), (place, bit)
            assert opened.cosignatures == ()


@pytest.mark.parametrize(
    "altered",
    [
        b"",
        TEXT,
        TEXT + b"\n",
        NOTE.removesuffix(b"\n"),
        NOTE + b"\n",
        NOTE + b"unsigned\n",
        NOTE.replace("—".encode(), b"-"),
        NOTE + "— nobody\n".encode(),
        NOTE + "— nobody not*base64\n".encode(),
        NOTE + "— nobody AAAA\n".encode(),
        NOTE + "— no body AAAAAAAA\n".encode(),
        NOTE + "— no+body AAAAAAAA\n".encode(),
        NOTE.replace(b"\n", b"\r\n"),
        b"\x00" + NOTE,
        b"\xff" + NOTE,
        NOTE + "— nobody AAAAAAAA\n".encode() * 256,
        b"a" * 65537 + NOTE,
    ],
)
def test_note_that_is_malformed_is_refused(altered: bytes) -> None:
    with pytest.raises(NoteRefused):
        open_note(altered, [LOG_KEY])


@pytest.mark.parametrize("control", ["\t", "\r", "\x00", "\x1b"])
def test_control_character_refuses_a_note_that_is_well_signed(control: str) -> None:
    text = f"{control}text\n".encode()
    with pytest.raises(NoteRefused, match="control characters"):
        open_note(text + b"\n" + LOG.line(text), [LOG_KEY])


def test_lines_of_unknown_keys_are_ignored() -> None:
    other_key_same_name = Signer(LOG.name, seed="other")
    note = NOTE + STRANGER.line(TEXT) + other_key_same_name.line(TEXT)
    assert open_checkpoint(note, LOG_KEY, [WITNESS_KEY]).cosignatures == ()
    with pytest.raises(NoteRefused, match="any known key"):
        open_note(NOTE, [WITNESS_KEY])


def test_line_of_a_known_key_that_does_not_verify_refuses_the_note() -> None:
    wrong = WITNESS.line(TEXT + b"other\n")
    with pytest.raises(NoteRefused, match=r"of witness\.example/w does not verify"):
        open_checkpoint(NOTE + wrong, LOG_KEY, [WITNESS_KEY])
    assert open_checkpoint(NOTE + wrong, LOG_KEY).head.size == 2
    with pytest.raises(NoteRefused):
        open_checkpoint(COSIGNED + wrong, LOG_KEY, [WITNESS_KEY])


def test_checkpoint_tells_who_has_seen_it_and_when() -> None:
    opened = open_checkpoint(COSIGNED, LOG_KEY, [WITNESS_KEY])
    assert (opened.head.size, opened.head.text()) == (2, TEXT)
    assert [(one.key, one.time) for one in opened.cosignatures] == [(WITNESS_KEY, 1679315147)]


def test_checkpoint_must_be_signed_by_the_log_itself() -> None:
    with pytest.raises(NoteRefused, match=r"not signed by civic\.example/log"):
        open_checkpoint(TEXT + b"\n" + WITNESS.line(TEXT), LOG_KEY, [WITNESS_KEY])


def test_checkpoint_of_another_log_is_refused() -> None:
    text = tree_head("civic.example/other", [])
    with pytest.raises(NoteRefused, match=r"of the log civic\.example/other"):
        open_checkpoint(text + b"\n" + LOG.line(text), LOG_KEY)


def test_keys_are_refused_in_each_others_place() -> None:
    with pytest.raises(KeyRefused):
        open_checkpoint(COSIGNED, WITNESS_KEY)
    with pytest.raises(KeyRefused):
        open_checkpoint(COSIGNED, LOG_KEY, [LOG_KEY])


@pytest.mark.parametrize(
    "text",
    [
        b"civic.example/log\n",
        b"civic.example/log\n2\n",
        b"civic.example/log\n02\n" + b64encode(bytes(32)) + b"\n",
        b"civic.example/log\n-2\n" + b64encode(bytes(32)) + b"\n",
        "civic.example/log\n²\n".encode() + b64encode(bytes(32)) + b"\n",
        b"civic.example/log\n4294967297\n" + b64encode(bytes(32)) + b"\n",
        b"civic.example/log\n9223372036854775808\n" + b64encode(bytes(32)) + b"\n",
        b"civic.example/log\n" + b"9" * 5000 + b"\n" + b64encode(bytes(32)) + b"\n",
        b"civic.example/log\n2\n" + b64encode(bytes(31)) + b"\n",
        b"civic.example/log\n2\n" + b64encode(bytes(32))[:-2] + b"B=\n",
        b"civic.example/log\n2\n" + b64encode(bytes(32)) + b"\nextension\n",
        b"\n2\n" + b64encode(bytes(32)) + b"\n",
    ],
)
def test_text_that_is_no_tree_head_is_refused(text: bytes) -> None:
    with pytest.raises(NoteRefused):
        open_checkpoint(text + b"\n" + LOG.line(text), LOG_KEY)


def test_witness_makes_a_line_that_verifies() -> None:
    message = cosignature_message(1679315147, TEXT)
    assert message.startswith(b"cosignature/v1\ntime 1679315147\ncivic.example/log\n2\n")
    line = signature_line(WITNESS_KEY, WITNESS.private.sign(message), 1679315147)
    assert line.encode() == WITNESS.line(TEXT, 1679315147)
    assert signature_line(LOG_KEY, LOG.private.sign(TEXT)).encode() == LOG.line(TEXT)


def test_only_a_cosignature_has_a_time() -> None:
    for key, time in [(WITNESS_KEY, None), (LOG_KEY, 1)]:
        with pytest.raises(NoteRefused):
            signature_line(key, bytes(64), time)
    for time in (-1, 2**63):
        with pytest.raises(NoteRefused):
            cosignature_message(time, TEXT)


def test_cosignature_of_a_time_out_of_range_is_refused() -> None:
    line = b64encode(WITNESS.key_id + b"\xff" * 8 + bytes(64)).decode()
    with pytest.raises(NoteRefused, match="out of range"):
        open_note(NOTE + f"— {WITNESS.name} {line}\n".encode(), [LOG_KEY, WITNESS_KEY])


def test_tree_head_reads_what_it_writes() -> None:
    head = TreeHead("civic.example/log", 0, bytes(32))
    assert TreeHead.parse(head.text()) == head
    assert COSIGNATURE == 4
