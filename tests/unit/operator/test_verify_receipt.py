"""`civic rights verify-erasure`: what it prints, how it ends, and that it works offline."""

import base64
import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from civic.contracts.identifiers import RegistrationId
from civic.identity.model.erasure import ErasureRecord, ErasureStore
from civic.identity.model.erasure_receipt import key_fingerprint, receipt_document
from civic.operator import main as main_module
from civic.operator.main import main
from civic.stack.workspace import Workspace

type Capture = pytest.CaptureFixture[str]

ERASED = RegistrationId("5d3c6f0e-0000-4000-8000-000000000000")
AT = datetime(2027, 3, 1, 9, 30, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())
DER = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True, slots=True)
class Files:
    """A receipt, the key it is signed with, and another key."""

    receipt: Path
    key: Path
    other_key: Path


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main_module, "here", lambda: Workspace(tmp_path))
    for name in ("CIVIC_PORT", "CIVIC_STACK"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    confirmed = {store: AT + timedelta(seconds=n) for n, store in enumerate(ErasureStore)}
    document = receipt_document(ErasureRecord(ERASED, AT, confirmed=confirmed), DER)
    signature = KEY.sign(document, ec.ECDSA(SHA256()))
    written = Files(tmp_path / "receipt.json", tmp_path / "key.pem", tmp_path / "other.pem")
    parts = {
        "receipt": document.decode(),
        "algorithm": "ECDSA_SHA_256",
        "signature": base64.b64encode(signature).decode(),
        "public_key": base64.b64encode(DER).decode(),
    }
    written.receipt.write_text(json.dumps(parts))
    written.key.write_bytes(pem(KEY))
    written.other_key.write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))
    return written


def pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_receipt_that_holds_is_0_and_says_what_it_says(files: Files, capsys: Capture) -> None:
    assert main(["rights", "verify-erasure", str(files.receipt)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("receipt verified: yes\n")
    assert ERASED in said
    assert "asked for     2027-03-01 09:30:00Z" in said
    assert "complete      2027-03-01 09:30:04Z" in said
    assert "erased from   subject_keys, 2027-03-01 09:30:02Z" in said
    assert "date_of_birth" in said
    assert key_fingerprint(DER) in said


def test_receipt_without_a_published_key_does_not_say_whose_it_is(
    files: Files, capsys: Capture
) -> None:
    main(["rights", "verify-erasure", str(files.receipt)])
    assert "anyone's key may have signed" in capsys.readouterr().out


def test_receipt_with_the_published_key_is_its_owners(files: Files, capsys: Capture) -> None:
    assert (
        main(["rights", "verify-erasure", str(files.receipt), "--public-key", str(files.key)]) == 0
    )
    said = capsys.readouterr().out
    assert "signed with the given key" in said
    assert "may have signed" not in said


def test_receipt_under_another_key_is_1_with_the_reason(files: Files, capsys: Capture) -> None:
    words = ["rights", "verify-erasure", str(files.receipt), "--public-key", str(files.other_key)]
    assert main(words) == 1
    said = capsys.readouterr()
    assert said.out == "receipt verified: NO\n"
    assert said.err == "error: the receipt is signed with another key than the one given\n"


def test_receipt_that_was_altered_is_1_and_tells_nothing_of_it(
    files: Files, capsys: Capture
) -> None:
    files.receipt.write_text(files.receipt.read_text().replace("2027", "2026"))
    assert main(["rights", "verify-erasure", str(files.receipt)]) == 1
    said = capsys.readouterr()
    assert said.out == "receipt verified: NO\n"
    assert "signature" in said.err


@pytest.mark.parametrize("text", ["", "{}", "no receipt", "\x00" * 70_000])
def test_what_is_no_receipt_is_1(text: str, tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "receipt.json"
    file.write_text(text)
    assert main(["rights", "verify-erasure", str(file)]) == 1
    assert "receipt" in capsys.readouterr().err


def test_no_such_file_is_2(tmp_path: Path) -> None:
    assert main(["rights", "verify-erasure", str(tmp_path / "none.json")]) == 2
    assert main(["rights", "verify-erasure", str(tmp_path)]) == 2


def test_published_key_that_is_none_is_2(files: Files, capsys: Capture) -> None:
    words = ["rights", "verify-erasure", str(files.receipt), "--public-key", str(files.receipt)]
    assert main(words) == 2
    assert "does not contain a public key in PEM" in capsys.readouterr().err


def test_receipt_is_verified_without_loading_anything_of_aws_or_http(files: Files) -> None:
    program = f"""
import sys
from civic.operator.main import main
assert main(["rights", "verify-erasure", {str(files.receipt)!r}]) == 0
loaded = sorted({{"boto3", "botocore", "httpx", "aws_encryption_sdk", "aws_lambda_powertools"}}
                & sys.modules.keys())
assert not loaded, loaded
"""
    ended = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
