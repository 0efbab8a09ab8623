"""Ed25519 over manifest.json, which holds the hashes of all other files."""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path

from edge.shelf.error import ShelfError
from edge.shelf.fetch import SIGNATURE


def verify(folder: Path, public_key: str) -> None:
    """Raises ShelfError unless the bundle is signed with the key (32 bytes in base64 or hexadecimal)."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key = Ed25519PublicKey.from_public_bytes(_key_bytes(public_key))
    try:
        signature = base64.b64decode((folder / SIGNATURE).read_bytes().strip(), validate=True)
    except FileNotFoundError:
        raise ShelfError(f"the bundle has no {SIGNATURE}; sign it with `nuthatch model sign`") from None
    except (OSError, binascii.Error) as e:
        raise ShelfError(f"{SIGNATURE}: cannot be read ({e}); sign the bundle with `nuthatch model sign`") from None
    try:
        key.verify(signature, (folder / "manifest.json").read_bytes())
    except InvalidSignature:
        raise ShelfError("the bundle is not signed with the key of [models] public_key; do not use it") from None


def sign(folder: Path, private_key: Path) -> None:
    """Write ``manifest.sig`` with the PEM file of a private key. Raises ShelfError."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(private_key.read_bytes(), None)
    except (OSError, ValueError, TypeError) as e:
        raise ShelfError(f"{private_key}: no private key ({e}); make one with `nuthatch model keygen`") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ShelfError(f"{private_key}: not an Ed25519 key; make one with `nuthatch model keygen`")
    signature = key.sign((folder / "manifest.json").read_bytes())
    (folder / SIGNATURE).write_bytes(base64.b64encode(signature) + b"\n")


def new_key(out: Path) -> str:
    """A new private key in a PEM file that only its owner may read; its public key in base64."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    try:
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as f:
            f.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    except OSError as e:
        raise ShelfError(f"{out}: cannot be written ({e.strerror}); give a new file") from None
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def _key_bytes(text: str) -> bytes:
    for decode in (bytes.fromhex, lambda t: base64.b64decode(t, validate=True)):
        try:
            key = decode(text.strip())
        except (ValueError, binascii.Error):
            continue
        if len(key) == 32:
            return key
    raise ShelfError("[models] public_key: not 32 bytes in base64 or hexadecimal; `nuthatch model keygen` prints one")
