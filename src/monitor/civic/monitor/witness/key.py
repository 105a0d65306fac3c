"""The key of a witness, and the folder that it is in.

Cosignatures follow C2SP tlog-cosignature, version 1: Ed25519, type 0x04.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from civic.monitor.witness.durable import write_durably
from civic.terminal.failures import CommandFailed, SettingInvalid
from civic.terminal.locks import try_lock
from civic.terminal.private_file import create_private
from civic.verifier.errors import KeyRefused
from civic.verifier.notes import COSIGNATURE, VerifierKey, cosignature_message, signature_line

_KEY, _VKEY, _LOCK = "key.pem", "vkey", "lock"


class WitnessBusy(CommandFailed):
    """Another process signs with this key."""


class WitnessKey:
    """A witness's private key and its name."""

    def __init__(self, name: str, private: Ed25519PrivateKey) -> None:
        """Hold a key.

        Raises:
            KeyRefused: A signature line cannot contain the name.
        """
        self._private = private
        self.public = VerifierKey(name, COSIGNATURE, private.public_key().public_bytes_raw())

    @classmethod
    def create(cls, folder: Path, name: str) -> Self:
        """Make a key and write it into a folder, readable by its owner only.

        Raises:
            SettingInvalid: There is a key already, or the name is not valid.
        """
        try:
            made = cls(name, Ed25519PrivateKey.generate())
        except KeyRefused as refused:
            raise SettingInvalid(str(refused)) from None
        if (folder / _KEY).exists():
            raise SettingInvalid(
                f"{folder} already holds a key, which past signatures need; choose another folder"
            )
        # The key is written last, so that there is never one without its name.
        write_durably(folder / _VKEY, f"{made.public}\n".encode())
        pem = made._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        create_private(folder / _KEY, pem)
        return made

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the key in a folder.

        Raises:
            SettingInvalid: There is none, or it does not belong to the public half beside it.
        """
        try:
            vkey = VerifierKey.parse((folder / _VKEY).read_text().strip())
            private = load_pem_private_key((folder / _KEY).read_bytes(), None)
        except FileNotFoundError:
            raise SettingInvalid(
                f"{folder} holds no key; make one with `civic-monitor witness init`"
            ) from None
        except (KeyRefused, ValueError, TypeError):
            raise SettingInvalid(f"the key in {folder} cannot be read") from None
        if not isinstance(private, Ed25519PrivateKey):
            raise SettingInvalid(f"the key in {folder} is not an Ed25519 key")
        loaded = cls(vkey.name, private)
        if loaded.public != vkey:
            raise SettingInvalid(f"the two halves of the key in {folder} do not belong together")
        return loaded

    def cosign(self, text: bytes, time: int) -> str:
        """Return the signature line of a checkpoint.

        Args:
            text: The text of the note, as the log signed it.
            time: Seconds since 1970 UTC.
        """
        signature = self._private.sign(cosignature_message(time, text))
        return signature_line(self.public, signature, time)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Be the only process that signs with the key of a folder.

    Raises:
        WitnessBusy: Another process already does.
    """
    with (folder / _LOCK).open("ab") as file:
        if not try_lock(file):
            raise WitnessBusy(f"another process is signing with the key in {folder}")
        yield
