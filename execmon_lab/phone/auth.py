"""Who may debug the phone: RSA keys of hosts, as Android keeps them.

Source: ``crypto/rsa_2048_key.cpp`` and ``docs/dev/protocol.md`` in AOSP's ``packages/modules/adb``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import struct
from dataclasses import dataclass, field
from pathlib import Path

TOKEN_SIZE = 20
KEY_BYTES = 256
_WORDS = KEY_BYTES // 4
_BLOB = struct.Struct(f"<II{KEY_BYTES}s{KEY_BYTES}sI")
_SHA1_PREFIX = bytes.fromhex("3021300906052b0e03021a05000414")
MAX_KEYS = 64


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A host's RSA-2048 public key.

    Attributes
    ----------
    name
        What the host calls itself, usually ``user@machine``.
    """

    modulus: int
    exponent: int
    name: str

    @classmethod
    def parse(cls, line: bytes | bytearray) -> PublicKey:
        """Read ``base64(blob) name``, the form of ``adbkey.pub`` and of AUTH's RSAPUBLICKEY.

        The blob is: modulus in 32-bit words, a Montgomery constant, modulus, R squared (both little
        endian), exponent.

        Raises
        ------
        ValueError
            For anything else than a 2048-bit key with exponent 3 or 65537.
        """
        text, _, name = bytes(line).rstrip(b"\0\r\n ").partition(b" ")
        try:
            blob = base64.b64decode(text, validate=True)
            words, _n0inv, modulus, _rr, exponent = _BLOB.unpack(blob)
        except (binascii.Error, struct.error) as error:
            raise ValueError(f"not an adb public key: {error}") from None
        number = int.from_bytes(modulus, "little")
        if words != _WORDS or number.bit_length() != KEY_BYTES * 8 or not number & 1:
            raise ValueError("not an RSA key of 2048 bits")
        if exponent not in (3, 65537):
            raise ValueError(f"the public exponent must be 3 or 65537, not {exponent}")
        return cls(number, exponent, name.decode(errors="replace")[:256] or "unknown")

    def line(self) -> str:
        """The key as a line of ``adbkey.pub``."""
        r = 1 << KEY_BYTES * 8
        n0inv = -pow(self.modulus, -1, 1 << 32) % (1 << 32)
        square = pow(r, 2, self.modulus).to_bytes(KEY_BYTES, "little")
        blob = _BLOB.pack(_WORDS, n0inv, self.modulus.to_bytes(KEY_BYTES, "little"), square, self.exponent)
        return f"{base64.b64encode(blob).decode()} {self.name}"

    @property
    def fingerprint(self) -> str:
        """MD5 of the blob, as Android's dialog shows it."""
        blob = base64.b64decode(self.line().partition(" ")[0])
        return hashlib.md5(blob, usedforsecurity=False).digest().hex(":").upper()

    def verify(self, token: bytes, signature: bytes | bytearray) -> bool:
        """Whether ``signature`` is this key's PKCS#1 v1.5 signature of ``token``.

        The token of 20 bytes stands in the place of a SHA-1 digest.
        """
        if len(signature) != KEY_BYTES:
            return False
        number = int.from_bytes(signature, "big")
        if number >= self.modulus:
            return False
        found = pow(number, self.exponent, self.modulus).to_bytes(KEY_BYTES, "big")
        tail = b"\0" + _SHA1_PREFIX + token
        expected = b"\0\1" + b"\xff" * (KEY_BYTES - 2 - len(tail)) + tail
        return hmac.compare_digest(found, expected)


@dataclass
class KeyStore:
    """The hosts that may debug the phone.

    Parameters
    ----------
    path
        A file of keys, one a line, read at the start and appended to; None keeps them in memory.

    Raises
    ------
    ValueError
        When the file holds something else.
    """

    path: Path | None = None
    keys: list[PublicKey] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.path is None or not self.path.exists():
            return
        for number, line in enumerate(self.path.read_bytes().splitlines(), 1):
            if not line.strip() or line.startswith(b"#"):
                continue
            try:
                self.keys.append(PublicKey.parse(line))
            except ValueError as error:
                raise ValueError(f"{self.path}, line {number}: {error}") from None

    def verify(self, token: bytes, signature: bytes | bytearray) -> PublicKey | None:
        """The known key that signed ``token``."""
        return next((key for key in self.keys if key.verify(token, signature)), None)

    def knows(self, key: PublicKey) -> bool:
        """Whether the key was accepted before."""
        return any(known.modulus == key.modulus for known in self.keys)

    def remember(self, key: PublicKey) -> None:
        """Accept this key from now on; the oldest one goes when there are `MAX_KEYS`."""
        if self.knows(key):
            return
        self.keys.append(key)
        del self.keys[:-MAX_KEYS]
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(key.line() + "\n")


def token() -> bytes:
    """A fresh challenge."""
    return os.urandom(TOKEN_SIZE)
