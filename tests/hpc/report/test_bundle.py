import json
import os
import stat
import tarfile
from pathlib import Path

import pytest
from runfolder import write_run

from citytide.hpc.errors import RunError
from citytide.hpc.plan.profiles import Profile
from citytide.hpc.report import bundle
from citytide.hpc.report.bundle import bundle_run
from citytide.hpc.run.keys import make_keys
from citytide.hpc.slurm.jobs.scripts import worker_script

SECRETS = ("hunter2", "swordfish", "lovelace", "licence-9", "ghp_0123456789abcdefghijABCDEFGHIJ012345", "PERSON-LEVEL")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of Slurm with secrets wherever one may come to stand."""
    monkeypatch.setenv("SITE_PASSWORD", "swordfish")
    folder = write_run(
        tmp_path / "a run",
        run={"settings": {"db_password": "hunter2"}, "profile": {"environment": ["export LICENCE=licence-9"]}},
    )
    keys = make_keys(folder, 2)
    for name in ("scripts", "logs"):
        (folder / "slurm" / name).mkdir()
    name = "traffic-assignment-20260102-030405-1f2e.2.cpu.0"
    profile = Profile.model_validate(
        {
            "name": "x", "backend": "slurm-jobs", "environment": ["export LICENCE=licence-9", "PW=hunter2"],
            "pools": {"cpu": {"memory": "1GB", "walltime": "01:00:00"}},
        }
    )  # fmt: skip
    script = worker_script(profile, "cpu", name=name, run=folder, python="/p")
    (folder / "slurm" / "scripts" / f"{name}.sh").write_text(script)
    log = folder / "slurm" / "logs" / f"{name}.77.log"
    log.write_text(
        "x" * 300_000 + "\nMemoryError: block 7\nvisit https://ada:lovelace@site/\nthe word is swordfish\n"
        + f"token {SECRETS[4]}\n" + (keys / "key.pem").read_text().replace("-----", "")
    )  # fmt: skip
    (folder / "slurm" / "jobs.json").write_text('{"jobs": [], "waits": ["waits for Resources"]}')
    (folder / "assignment.zarr" / "c").write_text("PERSON-LEVEL")
    (tmp_path / "diary").write_text("PERSON-LEVEL")
    (folder / "slurm" / "logs" / "link.1.log").symlink_to(tmp_path / "diary")
    monkeypatch.setenv("PATH", "/nowhere")
    return folder


def read(path: Path) -> dict[str, str]:
    with tarfile.open(path) as archive:
        names = archive.getnames()
        assert len({name.partition("/")[0] for name in names}) == 1
        return {name.partition("/")[2]: archive.extractfile(name).read().decode() for name in names}  # type: ignore[union-attr]


def test_bundle_holds_the_evidence(run: Path) -> None:
    path = bundle_run(run)
    assert path == run.parent / "traffic-assignment-20260102-030405-1f2e-bundle.tar.gz"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = read(path)
    name = "traffic-assignment-20260102-030405-1f2e.2.cpu.0"
    assert set(found) == {
        "run.json", "plan.json", "result.json", "ledger.jsonl", "slurm/jobs.json", f"slurm/scripts/{name}.sh",
        f"slurm/logs/{name}.77.log", "slurm/queue.json", "slurm/accounts.json", "place.json", "packages.txt",
        "doctor.txt", "ABOUT.txt",
    }  # fmt: skip
    assert "MemoryError: block 7" in found[f"slurm/logs/{name}.77.log"]
    assert len(found[f"slurm/logs/{name}.77.log"]) < 200_000
    assert json.loads(found["run.json"])["settings"]["db_password"] == "[redacted]"
    assert found["ledger.jsonl"] == (run / "ledger.jsonl").read_text()
    assert "distributed==" in found["packages.txt"] and "memory" in found["doctor.txt"]
    assert "waits for Resources" in found["slurm/jobs.json"] and "--mem=954M" in found[f"slurm/scripts/{name}.sh"]
    assert "export LICENCE=[redacted]\nPW=[redacted]\n" in found[f"slurm/scripts/{name}.sh"]


def test_bundle_holds_no_key_no_secret_and_no_data(run: Path) -> None:
    text = "\n".join(read(bundle_run(run)).values())
    assert [secret for secret in SECRETS if secret in text] == []
    for pem in (run / "slurm" / "keys-2").iterdir():
        assert [line for line in pem.read_text().splitlines() if not line.startswith("-----") and line in text] == []


def test_what_cannot_be_told_is_named_and_hides_nothing_else(run: Path) -> None:
    (run / "plan.json").write_text("{")
    found = read(bundle_run(run))
    assert "there is no squeue here; make the bundle on a login node" in found["slurm/queue.json"]
    assert "there is no sacct here" in found["ABOUT.txt"] and "plan.json: RunError" in found["ABOUT.txt"]
    assert "MemoryError" in "".join(found.values())


def test_slurm_is_asked_for_the_jobs_of_this_run(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from citytide.hpc.slurm.query.controller import Controller, Entry

    name = "traffic-assignment-20260102-030405-1f2e.2.cpu.0"
    mine, other = Entry("77", name, "PENDING", reason="Resources"), Entry("78", "other.1.cpu.0", "PENDING")
    monkeypatch.setattr(bundle, "_need", lambda command: None)
    monkeypatch.setattr(Controller, "queue", lambda self: [mine, other])
    monkeypatch.setattr(Controller, "accounts", lambda self, names, since: [mine] if names == [name] else [])
    found = read(bundle_run(run))
    assert [entry["id"] for entry in json.loads(found["slurm/queue.json"])] == ["77"]
    assert json.loads(found["slurm/queue.json"])[0]["why"]
    assert json.loads(found["slurm/accounts.json"])[0]["reason"] == "Resources"


def test_bundle_goes_where_it_is_asked_to(run: Path, tmp_path: Path) -> None:
    (tmp_path / "tickets").mkdir()
    assert bundle_run(run, tmp_path / "tickets").parent == tmp_path / "tickets"
    assert bundle_run(run, tmp_path / "mine.tgz").is_file()
    with pytest.raises(RunError, match=r"cannot be written: No such file .*; give another place"):
        bundle_run(run, tmp_path / "no" / "mine.tgz")
    with pytest.raises(RunError, match=r"holds no run \(no run\.json in it\)"):
        bundle_run(tmp_path)
    assert not [path for path in tmp_path.rglob("*.partial")]


def test_only_the_newest_logs_go_in(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "LOGS", 2)
    for number in range(4):
        log = run / "slurm" / "logs" / f"b.{number}.log"
        log.write_text("hello\n")
        os.utime(log, (number, number))
    found = read(bundle_run(run))
    assert [name for name in found if name.startswith("slurm/logs/b.")] == ["slurm/logs/b.3.log"]
    assert "3 older logs are left out" in found["ABOUT.txt"]
