"""The package of docs/workflow-of-your-own.md: written from the page, built as a wheel, installed, and run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

__all__ = ["FILES", "install_package", "make_environment", "read_files"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "workflow-of-your-own.md"
_FILE = re.compile(r"^<!-- file: (?P<name>\S+) -->\n```\w+\n(?P<body>.*?)^```", re.MULTILINE | re.DOTALL)


def read_files() -> dict[str, str]:
    """The files that the page shows, by their path in the package's folder."""
    return {found["name"]: found["body"] for found in _FILE.finditer(PAGE.read_text(encoding="utf-8"))}


FILES = read_files()


def install_package(folder: Path) -> Path:
    """Write, build and install the package as the page says, without an index; returns the folder it is in."""
    source, out, site = folder / "diseasepairs", folder / "wheel", folder / "site"
    for name, body in FILES.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(body, encoding="utf-8")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--skip-dependency-check"]
    subprocess.run([*build, "--outdir", str(out), str(source)], check=True, capture_output=True, timeout=300)
    (wheel,) = out.glob("diseasepairs-*.whl")
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet", "--target", str(site)]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True, timeout=300)
    return site


def make_environment(site: Path) -> dict[str, str]:
    """The environment of a command that sees the installed package."""
    paths = [str(site), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
