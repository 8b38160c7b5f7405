import asyncio
import os
import socket
import ssl
import stat
from pathlib import Path
from typing import Any

import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.run.keys import keys_folder, load_security, make_keys, remove_keys


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}


def test_keys_are_private_whatever_the_umask(tmp_path: Path) -> None:
    (tmp_path / "slurm").mkdir(mode=0o755)
    before = os.umask(0)
    try:
        folder = make_keys(tmp_path, 3)
    finally:
        os.umask(before)
    assert folder == tmp_path / "slurm" / "keys-3" == keys_folder(tmp_path, 3)
    assert modes(folder) == {"keys-3": 0o700, "authority.pem": 0o600, "certificate.pem": 0o600, "key.pem": 0o600}
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700


def test_authority_has_no_key_on_disk(tmp_path: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    folder = make_keys(tmp_path, 1)
    authority, part = (
        x509.load_pem_x509_certificate((folder / f"{name}.pem").read_bytes()) for name in ("authority", "certificate")
    )
    part.verify_directly_issued_by(authority)
    key = load_pem_private_key((folder / "key.pem").read_bytes(), None).public_key()
    assert key == part.public_key() != authority.public_key()
    assert [path.name for path in folder.iterdir() if b"PRIVATE" in path.read_bytes()] == ["key.pem"]


def test_an_attempt_keeps_its_keys(tmp_path: Path) -> None:
    make_keys(tmp_path, 1)
    with pytest.raises(RunError, match="attempt 1 has keys; a new attempt takes a new number"):
        make_keys(tmp_path, 1)


def test_keys_of_one_attempt_or_of_all_are_removed(tmp_path: Path) -> None:
    for attempt in (1, 2, 12):
        make_keys(tmp_path, attempt)
    (tmp_path / "slurm" / "keys-2.77.partial").mkdir()
    remove_keys(tmp_path, 1)
    assert not keys_folder(tmp_path, 1).exists() and keys_folder(tmp_path, 12).exists()
    remove_keys(tmp_path)
    assert list((tmp_path / "slurm").iterdir()) == []
    remove_keys(tmp_path)
    with pytest.raises(RunError, match=r"authority\.pem is missing: this attempt has ended"):
        load_security(keys_folder(tmp_path, 2))


def test_keys_that_others_can_read_are_refused(tmp_path: Path) -> None:
    folder = make_keys(tmp_path, 1)
    (folder / "key.pem").chmod(0o640)
    with pytest.raises(RunError, match=r"key\.pem can be read or written by others \(mode 640"):
        load_security(folder)
    (folder / "key.pem").chmod(0o600)
    folder.chmod(0o755)
    with pytest.raises(RunError, match=r"keys-1 can be read or written by others"):
        load_security(folder)


def test_only_holders_of_the_key_reach_the_scheduler(tmp_path: Path) -> None:
    from distributed import Client, Nanny, Scheduler, Security
    from distributed.comm import connect

    ours, theirs = load_security(make_keys(tmp_path / "a", 1)), load_security(make_keys(tmp_path / "b", 1))
    loopback: dict[str, Any] = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}

    async def refused(address: str, security: Security) -> bool:
        try:
            comm = await connect(address, timeout=3, **security.get_connection_args("client"))
        except (OSError, RuntimeError):
            return True
        comm.abort()
        return False

    async def main() -> None:
        async with (
            Scheduler(protocol="tls", security=ours, **loopback) as scheduler,
            Nanny(scheduler.address, security=ours, nthreads=1, **loopback),
            Client(scheduler.address, security=ours, asynchronous=True) as client,
        ):
            assert scheduler.address.startswith("tls://")
            assert await client.submit(sum, [1, 2]) == 3
            assert not await refused(scheduler.address, ours)
            plain = scheduler.address.replace("tls://", "tcp://")
            assert await refused(plain, Security())
            assert await refused(plain, ours)  # we never speak without encryption, even if asked to
            assert await refused(scheduler.address, theirs)
            assert await asyncio.to_thread(answer_without_certificate, scheduler.address) == b""

    asyncio.run(main())


def answer_without_certificate(address: str) -> bytes:
    """What a peer hears that speaks TLS but shows no certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    host, port = address.removeprefix("tls://").split(":")
    try:
        with socket.create_connection((host, int(port)), timeout=5) as plain, context.wrap_socket(plain) as wrapped:
            return wrapped.recv(1)
    except ssl.SSLError:
        return b""
