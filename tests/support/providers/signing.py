"""Signatures that only this process can make, over text that must not change."""

import base64
import hashlib
import hmac
import secrets

_SECRET = secrets.token_bytes(32)
_MADE: set[str] = set()


def sign(*parts: str) -> str:
    """A signature of `parts`, in the base64 alphabet with `+`, `/` and `=`."""
    whole = hmac.new(_SECRET, "\0".join(parts).encode(), hashlib.sha512).digest()
    signature = base64.b64encode(b"\xfb\xff\xfe" + whole).decode()
    _MADE.add(signature)
    return signature


def is_signed(signature: object, *parts: str) -> bool:
    """Whether `signature` is the one of `parts`."""
    return isinstance(signature, str) and hmac.compare_digest(signature.encode(), sign(*parts).encode())


def is_ours(signature: object) -> bool:
    """Whether any server here made `signature`, over whatever text."""
    return signature in _MADE
