"""Keys of a run: certificates made for one attempt; its Dask parts speak to each other and to no one else."""

from __future__ import annotations

import os
import shutil
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import RunError

if TYPE_CHECKING:
    from distributed import Security

__all__ = ["keys_folder", "load_security", "make_keys", "remove_keys"]

AUTHORITY, CERTIFICATE, KEY = "authority.pem", "certificate.pem", "key.pem"
VALID_DAYS = 400  # longer than any allocation; what ends a key is its removal with the attempt
SKEW = timedelta(days=1)  # clocks of nodes differ


def keys_folder(run: Path, attempt: int) -> Path:
    """Where an attempt's keys stand."""
    return run / "slurm" / f"keys-{attempt}"


def make_keys(run: Path, attempt: int) -> Path:
    """Make an attempt's authority, certificate and key; only this user may read them.

    The authority's own key is forgotten: nobody, this user included, can add a certificate later.

    Raises
    ------
    RunError
        If the attempt has keys, or the folder cannot be made private.
    """
    folder = keys_folder(run, attempt)
    if folder.exists():
        raise RunError(f"{folder} exists: attempt {attempt} has keys; a new attempt takes a new number")
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.parent.chmod(0o700)
    partial = folder.with_name(f"{folder.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    try:
        for name, content in _make_pems().items():
            descriptor = os.open(partial / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(descriptor, 0o600)  # whatever the umask and the folder's default ACL say
                file.write(content)
                os.fsync(descriptor)
        _refuse_open(partial)
        partial.rename(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return folder


def _make_pems() -> dict[str, bytes]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    start = datetime.now(UTC) - SKEW

    def sign(name: str, key: ec.EllipticCurvePrivateKey, *, is_authority: bool) -> x509.Certificate:
        identifier = x509.SubjectKeyIdentifier.from_public_key
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "citytide run")]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=VALID_DAYS))
            .add_extension(
                x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None), critical=True
            )
            .add_extension(identifier(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False)
            .sign(authority, hashes.SHA256())
        )

    authority, part = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    pem = serialization.Encoding.PEM
    return {
        AUTHORITY: sign("citytide run", authority, is_authority=True).public_bytes(pem),
        CERTIFICATE: sign("citytide part", part, is_authority=False).public_bytes(pem),
        KEY: part.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    }


def load_security(folder: Path) -> Security:
    """What scheduler, workers and clients of an attempt are opened with: TLS 1.3, both sides show a certificate.

    Raises
    ------
    RunError
        If a file is missing, is another user's, or can be read by others.
    """
    from distributed import Security

    paths = {name: folder / name for name in (AUTHORITY, CERTIFICATE, KEY)}
    for path in paths.values():
        if not path.is_file():
            raise RunError(f"{path} is missing: this attempt has ended, or never began; see `citytide status`")
    _refuse_open(folder)
    authority, certificate, key = (str(path.resolve()) for path in paths.values())
    return Security(
        require_encryption=True,
        tls_ca_file=authority,
        tls_ciphers=None,
        tls_min_version=ssl.TLSVersion.TLSv1_3,
        tls_max_version=None,
        tls_scheduler_cert=certificate,
        tls_scheduler_key=key,
        tls_worker_cert=certificate,
        tls_worker_key=key,
        tls_client_cert=certificate,
        tls_client_key=key,
    )


def _refuse_open(folder: Path) -> None:
    for path in (folder, *folder.iterdir()):
        told = path.lstat()
        if told.st_uid != os.getuid() or stat.S_IMODE(told.st_mode) & 0o077 or stat.S_ISLNK(told.st_mode):
            raise RunError(
                f"{path} can be read or written by others (mode {stat.S_IMODE(told.st_mode):o}, owner {told.st_uid}): "
                "keep runs on a file system that keeps permissions, and start the run again"
            )


def remove_keys(run: Path, attempt: int | None = None) -> None:
    """Remove an attempt's keys, or those of every attempt; call it when the attempt's Dask parts have ended."""
    name = "keys-*" if attempt is None else f"keys-{attempt}"
    for pattern in (name, f"{name}.*.partial"):
        for folder in (run / "slurm").glob(pattern):
            shutil.rmtree(folder, ignore_errors=True)
