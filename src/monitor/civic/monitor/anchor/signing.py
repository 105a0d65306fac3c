"""An account that pays for transactions, and the program that signs with its key.

The key is opened in another process, in an environment that holds nothing but what signs: the
command itself has no library of Ethereum's, and never sees a private key.
"""

import json
import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from civic.monitor.anchor.contract import Address
from civic.terminal.failures import CommandFailed, SettingInvalid, SetupMissing

_SIGNER = Path(__file__).with_name("signer.py")
_USUAL_PYTHON = Path(".venvs/anchor/bin/python")
_LARGEST_KEYSTORE = 64 * 1024
_SECONDS = 120
_ADDRESS = re.compile(r"(0[xX])?[0-9a-fA-F]{40}")

type Sign = Callable[["Account", dict[str, Any]], bytes]
"""Signs a transaction for an account."""


class NotSigned(CommandFailed):
    """The key does not open, or is another one."""


@dataclass(frozen=True)
class Account:
    """An account in the form that wallets keep: Web3 Secret Storage, version 3.

    Attributes:
        address: The account.
        keystore: Its private key, encrypted, as the file has it.
        password: What opens it.
    """

    address: Address
    keystore: str = field(repr=False)
    password: str = field(repr=False)


def read_account(file: Path, password: Callable[[], str]) -> Account:
    """Read an account's file.

    Args:
        file: The keystore.
        password: Gives what opens it; asked once the file is known to be one.

    Raises:
        SettingInvalid: It is none, or does not name its account.
    """
    with file.open("rb") as opened:
        content = opened.read(_LARGEST_KEYSTORE)
    try:
        text = content.decode()
        address = parse_address(json.loads(text)["address"])
    except (KeyError, TypeError, ValueError, SettingInvalid):
        raise SettingInvalid(f"{file} is no keystore (version 3) with an address in it") from None
    return Account(address, text, password())


def parse_address(text: str) -> Address:
    """Read an address of 40 hexadecimal digits.

    Raises:
        SettingInvalid: It is none.
    """
    if not _ADDRESS.fullmatch(text):
        raise SettingInvalid("an address is 0x and 40 hexadecimal digits")
    return Address(f"0x{text[-40:].lower()}")


def sign_elsewhere(account: Account, transaction: dict[str, Any]) -> bytes:
    """Have a transaction signed by `signer.py`.

    Raises:
        SetupMissing: Its environment is not there.
        NotSigned: The key does not open.
    """
    python = _signer_python()
    asked = {
        "account": account.address,
        "keystore": account.keystore,
        "password": account.password,
        "transaction": transaction,
    }
    # Isolated: neither the caller's modules nor its PYTHONPATH come near the key.
    ended = subprocess.run(
        [python, "-I", "-W", "ignore", _SIGNER],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if ended.returncode != 0:
        raise NotSigned("the signer failed; run `make signer` again")
    answered = json.loads(ended.stdout)
    if "refused" in answered:
        raise NotSigned(answered["refused"])
    return bytes.fromhex(answered["signed"])


def _signer_python() -> Path:
    """Return the interpreter that signs: CIVIC_SIGNER, or that of `make signer`."""
    python = Path(os.environ.get("CIVIC_SIGNER") or _USUAL_PYTHON)
    if not python.exists():
        raise SetupMissing(
            f"{python} is missing, which signs transactions; run `make signer` in a checkout and"
            " `civic-monitor anchor` from there, or name its interpreter in CIVIC_SIGNER"
        )
    # Not resolved: an environment's interpreter is a link, and the link is what finds its modules.
    return python.absolute()
