"""The README's section on Dask code of one's own, run as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from citytide.kernels.hydro.rain.precipitation import estimate_rain

README = Path(__file__).resolve().parents[2] / "README.md"


def run_dask_section(folder: Path, environment: Mapping[str, str]) -> None:
    """Run its blocks in a folder, and compare the rain that they leave with that of NumPy."""
    section = README.read_text(encoding="utf-8").partition("\n## Dask code of your own\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        done = subprocess.run(
            [sys.executable, "-c", block], cwd=folder, env={**os.environ, **environment},
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, f"{block}\n{done.stderr[-4000:]}"
    seen, rain = (xr.open_zarr(folder / name) for name in ("radar.zarr", "rain.zarr"))
    assert rain.rain.attrs["units"] == "mm h-1" and rain.rain.chunksizes["time"] == (3, 3, 3, 3)
    np.testing.assert_array_equal(rain.rain.values, estimate_rain(seen.dbz.values))
