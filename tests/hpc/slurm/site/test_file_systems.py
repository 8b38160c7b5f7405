from pathlib import Path

import pytest
from known_sites import made_profile

from citytide.hpc.slurm.site.file_systems import PathStatus, inspect_paths, list_paths, read_mounts


def test_mounts_are_read_and_the_later_counts(tmp_path: Path) -> None:
    table = tmp_path / "mounts"
    table.write_text(
        "/dev/a / ext4 rw 0 0\nx@tcp:/f /work lustre rw 0 0\ny /my\\040disk xfs rw 0 0\nz / overlay rw 0 0\n"
    )
    assert read_mounts(table) == {"/": "overlay", "/work": "lustre", "/my disk": "xfs"}
    assert read_mounts(tmp_path / "absent") == {}


@pytest.mark.parametrize(
    ("kind", "shared", "memory"),
    [
        ("nfs4", True, False),
        ("lustre", True, False),
        ("fuse.sshfs", True, False),
        ("gpfs", True, False),
        ("tmpfs", False, True),
        ("ext4", False, False),
        ("", False, False),
    ],
)
def test_kind_of_file_system_tells_who_sees_it(kind: str, shared: bool, memory: bool) -> None:
    place = PathStatus(True, file_system=kind)
    assert (place.is_shared, place.is_memory) == (shared, memory)


def test_paths_are_looked_at_as_this_machine_sees_them(tmp_path: Path) -> None:
    (tmp_path / "program").write_text("")
    seen = inspect_paths([str(tmp_path), str(tmp_path / "program"), str(tmp_path / "absent"), "no-such-program", "sh"])
    assert seen[str(tmp_path)].writable and seen[str(tmp_path)].file_system
    assert seen[str(tmp_path / "program")].exists and not seen[str(tmp_path / "program")].executable
    assert not seen[str(tmp_path / "absent")].exists and not seen["no-such-program"].exists
    assert seen["sh"].executable


def test_paths_that_only_a_node_knows_are_left_out() -> None:
    profile = made_profile({"scratch": "$TMPDIR/city"}, python="/opt/python")
    assert list_paths(profile) == ["/opt/python"]
    assert list_paths(made_profile({"scratch": "/local/$USER"})) == ["/local/$USER"]
