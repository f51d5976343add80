"""Sealing: signatures and encryption from the one secret of an installation, a key of its own for each purpose."""

import base64
import hashlib
import hmac
from typing import Final

from cryptography.fernet import Fernet, InvalidToken

TAG_BYTES: Final = 10
"""80 bits: too many to guess through a rate-limited door, short enough for the local part of a mail address."""


class BrokenSeal(ValueError):
    """The text was not sealed by us, was sealed for another purpose, or was changed."""


class Sealer:
    """Signs and encrypts. A signature for one purpose is worthless for another."""

    def __init__(self, secret_key: str) -> None:
        self._secret = secret_key.encode()
        self._keys: dict[str, bytes] = {}  # purposes are words of this code, so that there are few

    def tag(self, purpose: str, data: bytes, *, size: int = TAG_BYTES) -> str:
        """A signature over the data, in lower-case base 32 (it survives mail systems that fold case)."""
        return _base32(hmac.digest(self._key(purpose), data, "sha256")[:size])

    def holds(self, purpose: str, data: bytes, tag: str, *, size: int = TAG_BYTES) -> bool:
        """Whether the tag is ours, compared in constant time. Any text may be asked about."""
        return hmac.compare_digest(self.tag(purpose, data, size=size).encode(), tag.lower().encode(errors="replace"))

    def pseudonym(self, purpose: str, data: bytes) -> bytes:
        """Sixteen bytes that stand for the data and cannot be turned back without the secret."""
        return hmac.digest(self._key(purpose), data, "sha256")[:16]

    def encrypt(self, purpose: str, plain: str) -> bytes:
        """The text, encrypted and authenticated for this purpose."""
        return self._fernet(purpose).encrypt(plain.encode())

    def decrypt(self, purpose: str, sealed: bytes) -> str:
        """The text again.

        Raises:
            BrokenSeal: sealed with another secret or purpose, or changed.
        """
        try:
            return self._fernet(purpose).decrypt(sealed).decode()
        except InvalidToken as error:
            raise BrokenSeal(f"Not sealed by this installation for {purpose}.") from error

    def _key(self, purpose: str) -> bytes:
        key = self._keys.get(purpose)
        if key is None:
            key = self._keys[purpose] = hmac.digest(self._secret, b"recourse/" + purpose.encode(), hashlib.sha256)
        return key

    def _fernet(self, purpose: str) -> Fernet:
        return Fernet(base64.urlsafe_b64encode(self._key("encrypt/" + purpose)))


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()
