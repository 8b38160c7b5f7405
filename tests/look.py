"""Photograph a report in headless Chromium: wide and narrow, light and dark, the whole page in one picture each.

    python tests/look.py runs/demo/report.html [FOLDER]

The pictures go beside the report, or into FOLDER. A narrow window is a frame inside a wider one, since Chromium makes
no window as narrow as a phone; dark is the report with its dark rules made the only ones.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

WIDTHS = {"wide": 1280, "narrow": 390}
TALLEST = 16_000  # pixels; Chromium draws no taller picture
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--allow-file-access-from-files",
    "--run-all-compositor-stages-before-draw", "--virtual-time-budget=4000",
)  # fmt: skip
DARK = re.compile(r"@media \(prefers-color-scheme: ?dark\)")


def run_chromium(*arguments: str) -> str:
    with tempfile.TemporaryDirectory() as profile:
        command = ["chromium", *FLAGS, f"--user-data-dir={profile}", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise SystemExit(f"chromium failed ({done.returncode}): {done.stderr.strip()[-500:]}")
    return done.stdout


def measure(page: Path, width: int, folder: Path) -> int:
    """Height of the page at this width, told by a script in a page around it."""
    probe = folder / "probe.html"
    probe.write_text(
        f"<iframe id=f src={page.name} width={width} height=600></iframe><script>f.onload = () => "
        "{document.title = f.contentDocument.documentElement.scrollHeight}</script>",
        encoding="utf-8",
    )
    found = re.search(r"<title>(\d+)</title>", run_chromium("--dump-dom", probe.as_uri()))
    if found is None:
        raise SystemExit(f"{page}: its height at {width} pixels could not be measured")
    return min(int(found[1]), TALLEST)


def photograph(page: Path, width: int, target: Path, folder: Path) -> None:
    height = measure(page, width, folder)
    frame = folder / "frame.html"
    frame.write_text(
        f"<body style='margin:0'><iframe src={page.name} width={width} height={height} style='border:0'></iframe>",
        encoding="utf-8",
    )
    run_chromium(f"--screenshot={target}", f"--window-size={max(width, 500)},{height}", frame.as_uri())
    print(f"{target}: {width} x {height} pixels")


def main() -> None:
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    if shutil.which("chromium") is None:
        raise SystemExit("no chromium here: apt-get install chromium")
    report = Path(sys.argv[1]).resolve()
    out = Path(sys.argv[2]).resolve() if len(sys.argv) == 3 else report.parent
    out.mkdir(parents=True, exist_ok=True)
    html = report.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for look, text in (("light", html), ("dark", DARK.sub("@media all", html))):
            page = folder / f"{look}.html"
            page.write_text(text, encoding="utf-8")
            for window, width in WIDTHS.items():
                photograph(page, width, out / f"{report.stem}-{window}-{look}.png", folder)


if __name__ == "__main__":
    main()
