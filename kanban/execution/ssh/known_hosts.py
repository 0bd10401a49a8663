"""Reads the person's known_hosts line by line and judges a host's key by it, as ssh does."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from hmac import compare_digest
from pathlib import Path
from typing import TYPE_CHECKING

from kanban.errors import HostKeyMismatch

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.serialization import SSHCertificate
    from paramiko import PKey

REVOKED = "@revoked"
AUTHORITY = "@cert-authority"
CERTIFICATE_SUFFIX = "-cert-v01@openssh.com"
SIGNATURES_OF_RSA = ("rsa-sha2-512", "rsa-sha2-256")


class Trust(StrEnum):
    """What known_hosts says about a key."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    CHANGED = "changed"
    REVOKED = "revoked"
    BAD_CERTIFICATE = "bad certificate"


@dataclass(frozen=True)
class Judgement:
    """`detail` says where it stands and why."""

    trust: Trust
    detail: str = ""


@dataclass(frozen=True)
class Line:
    """One line; `blob` is empty when the key in it cannot be read."""

    marker: str
    patterns: str
    kind: str
    blob: bytes
    place: str

    def names(self, host: str) -> bool:
        """Whether this line is about `host`, a name or `[name]:port`."""
        if self.patterns.startswith("|1|"):
            return _is_hash_of(host, self.patterns)
        patterns = self.patterns.lower().split(",")
        if any(_matches(host, pattern[1:]) for pattern in patterns if pattern.startswith("!")):
            return False
        return any(_matches(host, pattern) for pattern in patterns)


@dataclass
class KnownHosts:
    """The lines of several files."""

    lines: list[Line] = field(default_factory=list)

    @classmethod
    def read(cls, files: Iterable[Path]) -> KnownHosts:
        """Read what there is. Raises HostKeyMismatch for a file that is there and cannot be read."""
        return cls([line for file in files for line in _read_lines(file)])

    def algorithms(self, name: str, port: int, offered: Sequence[str], certifiable: Sequence[str]) -> list[str]:
        """The host key algorithms to ask for: first those by which the host can be known."""
        about = [line for line in self._about(name, port) if line.marker != REVOKED]
        plain = [kind for line in about if not line.marker for kind in _signatures(line.kind)]
        has_authority = any(line.marker == AUTHORITY for line in about)
        certified = [f"{kind}{CERTIFICATE_SUFFIX}" for kind in certifiable] if has_authority else []
        return list(dict.fromkeys([*certified, *(kind for kind in plain if kind in offered), *offered]))

    def judge(self, name: str, port: int, key: PKey, now: float | None = None) -> Judgement:
        """Say whether the host `name` may show `key`, which holds the certificate that came with it."""
        about = self._about(name, port)
        blobs = {key.asbytes()}
        try:
            certificate = _certificate_of(key)
        except ValueError as error:
            return Judgement(Trust.BAD_CERTIFICATE, f"its certificate cannot be read: {error}")
        if certificate is not None:
            blobs.add(_authority_of(certificate))
        revoked = next((line for line in about if line.marker == REVOKED and line.blob in blobs), None)
        if revoked:
            return Judgement(Trust.REVOKED, f"revoked in {revoked.place}")
        if any(line.blob == key.asbytes() for line in about if not line.marker):
            return Judgement(Trust.KNOWN)
        return self._judge_stranger(name, about, certificate, time.time() if now is None else now)

    def _judge_stranger(
        self, name: str, about: Sequence[Line], certificate: SSHCertificate | None, now: float
    ) -> Judgement:
        authorities = [line for line in about if line.marker == AUTHORITY]
        if certificate is not None and authorities:
            return _judge_certificate(name, authorities, certificate, now)
        known = next((line for line in about if not line.marker and line.blob), None)
        if known:
            return Judgement(Trust.CHANGED, known.place)
        detail = [f"{line.place} names it but holds no key that can be read" for line in about if not line.blob]
        detail += [f"{line.place} names an authority for it, but it shows no certificate" for line in authorities]
        return Judgement(Trust.UNKNOWN, "; ".join(detail))

    def _about(self, name: str, port: int) -> list[Line]:
        """The lines about a host; those without its port count when none has it, as with ssh."""
        name = name.lower()
        with_port = [line for line in self.lines if line.names(name if port == 22 else f"[{name}]:{port}")]
        if port == 22 or any(line.marker != REVOKED for line in with_port):
            return with_port
        return with_port + [line for line in self.lines if line.names(name)]


def _read_lines(file: Path) -> Iterator[Line]:
    try:
        text = file.read_bytes().decode(errors="replace")
    except FileNotFoundError:
        return
    except OSError as error:
        raise HostKeyMismatch(
            f"{file} cannot be read: {error.strerror}", "make it readable, then: kanban host check"
        ) from error
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        marker = words.pop(0) if words[0].startswith("@") else ""
        yield _line(marker, words, f"{file}:{number}")


def _line(marker: str, words: Sequence[str], place: str) -> Line:
    patterns, kind, key = (*words[:3], "", "", "")[:3]
    try:
        blob = base64.b64decode(key, validate=True)
    except binascii.Error:
        blob = b""
    is_sound = blob[4:].startswith(kind.encode()) and marker in ("", REVOKED, AUTHORITY)
    return Line(marker, patterns, kind, blob if is_sound else b"", place)


def _matches(host: str, pattern: str) -> bool:
    # `[` is a letter here: [name]:port
    return fnmatchcase(host, pattern.replace("[", "[[]"))


def _is_hash_of(host: str, hashed: str) -> bool:
    from paramiko import HostKeys

    try:
        return compare_digest(HostKeys.hash_host(host, hashed), hashed)
    except (AssertionError, IndexError, TypeError, ValueError):
        return False  # a broken line is about nobody


def _signatures(kind: str) -> Sequence[str]:
    return SIGNATURES_OF_RSA if kind == "ssh-rsa" else (kind,)


def _certificate_of(key: PKey) -> SSHCertificate | None:
    from cryptography.hazmat.primitives.serialization import SSHCertificate, load_ssh_public_identity

    if not key.public_blob:
        return None
    line = f"{key.public_blob.key_type} {base64.b64encode(key.public_blob.key_blob).decode()}"
    loaded = load_ssh_public_identity(line.encode())
    return loaded if isinstance(loaded, SSHCertificate) else None


def _authority_of(certificate: SSHCertificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    line = certificate.signature_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return base64.b64decode(line.split()[1])


def _judge_certificate(name: str, authorities: Sequence[Line], certificate: SSHCertificate, now: float) -> Judgement:
    authority = next((line for line in authorities if line.blob == _authority_of(certificate)), None)
    if not authority:
        places = ", ".join(line.place for line in authorities)
        return Judgement(Trust.BAD_CERTIFICATE, f"another authority signed its certificate than {places} names")
    flaw = _flaw_of(name, certificate, now)
    if flaw:
        return Judgement(Trust.BAD_CERTIFICATE, f"its certificate, by the authority of {authority.place}, {flaw}")
    return Judgement(Trust.KNOWN)


def _flaw_of(name: str, certificate: SSHCertificate, now: float) -> str:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.serialization import SSHCertificateType

    try:
        certificate.verify_cert_signature()
    except (InvalidSignature, ValueError) as error:
        return f"has a signature that cannot be verified: {error or 'it is wrong'}"
    if certificate.type is not SSHCertificateType.HOST:
        return "is not one of a host"
    if name.lower().encode() not in [principal.lower() for principal in certificate.valid_principals]:
        return f"is not for {name}"
    if not certificate.valid_after <= now < certificate.valid_before:
        return "is not valid at this time"
    return "has options that are not understood" if certificate.critical_options else ""
