"""Keys of pseudonyms: made once, of their owner alone, and never beside the data."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from citytide.hpc.errors import REFUSED
from citytide.workflows.medical.errors import EventsError
from citytide.workflows.medical.keys import default_key_path, find_key, identify_key, read_key


@pytest.fixture(autouse=True)
def own_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def write_key(path: Path, key: bytes = bytes(32), mode: int = 0o600) -> Path:
    path.write_bytes(key)
    path.chmod(mode)
    return path


def test_key_is_made_once_and_is_its_owners_alone() -> None:
    path = find_key(None)
    assert path == default_key_path() and stat.S_IMODE(path.stat().st_mode) == 0o600
    key = read_key(path)
    assert len(key) == 32 and len(set(key)) > 8
    assert read_key(find_key(None)) == key and [one.name for one in path.parent.iterdir()] == ["events.key"]


def test_id_tells_keys_apart_and_is_no_plain_hash() -> None:
    import hashlib

    assert identify_key(bytes(32)) != identify_key(bytes(31) + b"1") and len(identify_key(bytes(32))) == 64
    assert identify_key(bytes(32)) != hashlib.sha256(bytes(32)).hexdigest()


def test_named_key_that_is_not_there_is_refused_and_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(
        EventsError, match=r"key must name a file that is there, but there is no .*lost\.key: give"
    ) as refused:
        find_key(str(tmp_path / "lost.key"))
    assert not (tmp_path / "lost.key").exists() and refused.value.exit_code == REFUSED


@pytest.mark.parametrize(
    ("key", "mode", "words"),
    [
        (bytes(32), 0o640, "key must be readable by its owner alone, but .* has mode 640: chmod 600 it"),
        (bytes(15), 0o600, "key must have 16 to 64 bytes, but .* has 15: give another"),
        (bytes(65), 0o600, "key must have 16 to 64 bytes, but .* has 65: give another"),
    ],
)
def test_key_that_others_read_or_of_a_wrong_length_is_refused(
    tmp_path: Path, key: bytes, mode: int, words: str
) -> None:
    path = write_key(tmp_path / "a.key", key, mode)
    with pytest.raises(EventsError, match=words):
        find_key(str(path))


def test_key_beside_the_data_is_refused(tmp_path: Path) -> None:
    data, inner = tmp_path / "data", tmp_path / "data" / "deep"
    inner.mkdir(parents=True)
    (data / "events.csv").touch()
    for key, place in ((data / "a.key", data / "events.csv"), (inner / "a.key", data), (data / "a.key", data)):
        with pytest.raises(EventsError, match=r"the key must not lie beside the data, .* move it elsewhere"):
            find_key(str(write_key(key)), [place])
    assert find_key(str(write_key(tmp_path / "a.key")), [data, data / "events.csv"]) == tmp_path / "a.key"
    assert (
        find_key(str(inner / "a.key"), [data / "events.csv"]) == inner / "a.key"
    )  # below a file's folder is not beside
