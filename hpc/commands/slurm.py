"""Commands that hold a profile against a live cluster: check, detect."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from .site import as_json, show_json

if TYPE_CHECKING:
    from ..plan.profiles import Profile
    from ..slurm.site.findings import Finding
    from ..slurm.site.site import Site

__all__ = ["check_profile", "detect_profile"]

_MARKS = {"error": "NO", "warning": "warning", "unknown": "unknown", "ok": "ok"}


@click.command("check")
@click.argument("name", metavar="NAME|FILE")
@as_json
def check_profile(name: str, as_json: bool) -> None:
    """Hold profile NAME (or a .yaml file) against this cluster: what would never start, why, and the way out.

    Reads partitions, nodes, rules, accounts and limits from Slurm, and looks at the profile's paths on this machine;
    no job is submitted.

    \b
    Examples:
      citytide profile check generic-cpu
      citytide profile check our-cluster.yaml --json

    Exit codes: 0 every pool would start, 2 something would never start, or Slurm does not answer.
    """
    from ..errors import RunError
    from ..plan.profiles import load_profile
    from ..slurm.site import preflight

    profile = load_profile(name)
    site = None
    try:
        site = _read_site(profile)
    except RunError:
        blanks = list(preflight.find_blanks(profile))
        if not blanks:
            raise
        findings = blanks  # a template says what it lacks on any machine
    else:
        findings = preflight.check_profile(profile, site) if site else list(preflight.find_blanks(profile))
    wrong = sum(finding.level == "error" for finding in findings)
    if as_json:
        show_json(_to_json(profile, site, findings))
    else:
        _show(profile, site, findings)
    if wrong:
        raise SystemExit(2)


@click.command("detect")
@click.option("--out", metavar="FILE.yaml", help="Write the profile there; on stdout by default.")
@click.option("--force", is_flag=True, help="Replace the file if there is one.")
@as_json
def detect_profile(out: str | None, force: bool, as_json: bool) -> None:
    """Write a profile for this cluster: a pool for each kind of partition that you may use, each value with its reason.

    \b
    Examples:
      citytide profile detect
      citytide profile detect --out our-cluster.yaml

    Exit codes: 0 done, 2 Slurm does not answer, or no partition takes your jobs.
    """
    from pathlib import Path

    from ..errors import RunError
    from ..slurm.site import detection

    if out is not None and not out.endswith((".yaml", ".yml")):
        raise RunError(f"--out {out}: name a file that ends in .yaml, so that --profile finds it")
    if out is not None and Path(out).exists() and not force:
        raise RunError(f"{out} exists: name another file, or give --force to replace it")
    site = _read_site(None)
    assert site is not None
    text = detection.detect_profile(site)
    if out is not None:
        Path(out).write_text(text, encoding="utf-8")
    if as_json:
        show_json({"cluster": site.name, "path": out, "profile": text})
    elif out is None:
        click.echo(text, nl=False)
    else:
        click.echo(f"wrote {out}; next: citytide profile check {out}")


def _read_site(profile: Profile | None) -> Site | None:
    """The cluster that a profile means; None if it means none."""
    from ..slurm.query.controller import Controller
    from ..slurm.site.file_systems import list_paths
    from ..slurm.site.site import read_site

    if profile is not None and not profile.backend.startswith("slurm"):
        return None
    if profile is not None and profile.slurm_conf is not None:
        os.environ["SLURM_CONF"] = profile.slurm_conf
    return read_site(Controller(), paths=() if profile is None else list_paths(profile))


def _to_json(profile: Profile, site: Site | None, findings: list[Finding]) -> dict[str, Any]:
    return {
        "profile": profile.name,
        "cluster": site.name if site else None,
        "starts": not any(finding.level == "error" for finding in findings),
        "findings": [vars(finding) for finding in findings],
    }


def _show(profile: Profile, site: Site | None, findings: list[Finding]) -> None:
    against = f"cluster {site.name} (Slurm {site.version})" if site else "no cluster: Slurm was not asked"
    click.echo(f"profile {profile.name} against {against}")
    for level, mark in _MARKS.items():
        for finding in findings:
            if finding.level == level:
                click.echo(f"{mark:<8} {finding.where}: {finding.found}")
                if finding.cure:
                    click.echo(f"{'':<8}   {finding.cure}")
    counts = {level: sum(finding.level == level for finding in findings) for level in _MARKS}
    click.echo(
        f"{counts['error']} would never start or end at once, {counts['warning']} warnings, "
        f"{counts['unknown']} cannot be known from here"
    )
