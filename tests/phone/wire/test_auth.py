"""RSA keys as adb writes them, and what they may sign."""

from __future__ import annotations

from pathlib import Path

import pytest
from adb_shell.auth.keygen import keygen
from adb_shell.auth.sign_pythonrsa import PythonRSASigner
from hypothesis import given
from hypothesis import strategies as st

from execmon_lab.phone.auth import KEY_BYTES, KeyStore, PublicKey, token


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> PythonRSASigner:
    path = tmp_path_factory.mktemp("keys") / "adbkey"
    keygen(str(path))
    return PythonRSASigner(path.with_suffix(".pub").read_text(), path.read_text())


@pytest.fixture(scope="module")
def key(signer: PythonRSASigner) -> PublicKey:
    return PublicKey.parse(signer.GetPublicKey().encode())


def test_a_signature_is_verified(signer: PythonRSASigner, key: PublicKey) -> None:
    challenge = token()
    signature = signer.Sign(challenge)
    assert key.verify(challenge, signature)
    assert not key.verify(token(), signature)
    assert not key.verify(challenge, signature[:-1])
    assert not key.verify(challenge, b"\xff" * KEY_BYTES)


def test_one_changed_bit_is_no_signature(signer: PythonRSASigner, key: PublicKey) -> None:
    challenge = token()
    signature = bytearray(signer.Sign(challenge))
    for at in range(0, KEY_BYTES, 17):
        signature[at] ^= 1
        assert not key.verify(challenge, signature)
        signature[at] ^= 1


def test_a_key_is_written_as_it_was_read(signer: PythonRSASigner, key: PublicKey) -> None:
    assert PublicKey.parse(key.line().encode()) == key
    assert key.line().split()[0] == signer.GetPublicKey().split()[0]
    assert len(key.fingerprint.split(":")) == 16


@given(st.binary(max_size=900))
def test_garbage_is_no_key(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"key|exponent"):
        PublicKey.parse(data)


def test_keys_are_remembered(signer: PythonRSASigner, key: PublicKey, tmp_path: Path) -> None:
    path = tmp_path / "keys"
    store = KeyStore(path)
    challenge = token()
    assert store.verify(challenge, signer.Sign(challenge)) is None
    store.remember(key)
    store.remember(key)
    assert KeyStore(path).verify(challenge, signer.Sign(challenge)) == key
    assert len(path.read_text().splitlines()) == 1
    path.write_text("nonsense\n")
    with pytest.raises(ValueError, match="line 1"):
        KeyStore(path)
