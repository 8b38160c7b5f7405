"""The command that holds two runs against each other: compare."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...hpc.commands.site import as_json, show_json

if TYPE_CHECKING:
    from .compare import Comparison
    from .differences import Difference

__all__ = ["compare"]

PICTURES = (".png", ".svg")
SHOWN_SUMMARY = 40  # numbers of the summaries that the terminal shows


@click.command()
@click.argument("run_a")
@click.argument("run_b")
@click.option("--product", metavar="NAME", help="Store or table to compare; the first that both have by default.")
@click.option(
    "--at", multiple=True, metavar="DIM=LABEL[=LABEL]",
    help="Compare this label alone; with two, that of A with that of B. Repeatable.",
)  # fmt: skip
@click.option("--variable", metavar="NAME", help="What the map shows; the first over links or cells by default.")
@click.option(
    "--out", metavar="FILE|DIR",
    help="Write the table as .csv, or the map as .png or .svg; into a folder, both (.csv and .svg).",
)  # fmt: skip
@click.option("--exit-code", "tells", is_flag=True, help="Exit with 1 if anything differs, as `diff` does.")
@as_json
def compare(
    run_a: str, run_b: str, product: str | None, at: tuple[str, ...], variable: str | None, out: str | None,
    tells: bool, as_json: bool,
) -> None:  # fmt: skip
    """Compare RUN_A with RUN_B (folder or id each): B minus A, variable by variable.

    Rows are matched by their labels (link ids, scenario names, times, centres of cells), not by their position. Labels
    that only one run has are counted and named. Variables whose units or dims differ are named and not compared.
    A number that is missing in one run alone counts as different.

    \b
    Examples:
      citytide compare runs/monday runs/tuesday
      citytide compare runs/demo runs/closed --at scenario=base@1.0=closed@1.0 --out changes.svg
      citytide compare runs/demo runs/demo --at scenario=base@0.8=base@1.2 --variable cost --out changes
      citytide compare runs/dry runs/wet --product flood --json

    Exit codes: 0 whether they differ or not (with --exit-code: 1 if they differ), 2 if they cannot be compared.
    """
    from .compare import compare_runs

    target = _check_out(out, variable)
    comparison = compare_runs(run_a, run_b, product=product, at=at, quiet=False)
    written = _write(comparison, target, variable) if target is not None else {}
    if as_json:
        show_json({**comparison.to_json(), "written": written})
    else:
        _show(comparison)
        for what, path in written.items():
            click.echo(f"{what}: {path}")
    if tells and not comparison.is_same:
        raise SystemExit(1)


def _check_out(out: str | None, variable: str | None) -> Path | None:
    """Where to write; refused before anything is read, if nothing could be written there."""
    from ...hpc.errors import RunError

    if out is None:
        if variable is not None:
            raise RunError(f"--variable says what the map shows, got {variable!r} without a map: add --out FILE.svg")
        return None
    path = Path(out)
    if path.suffix not in ("", ".csv", *PICTURES) and not path.is_dir():
        raise RunError(f"--out must be a folder or end in .csv, .png or .svg, got {out!r}")
    if path.suffix == ".csv" and variable is not None:
        raise RunError(f"--variable says what the map shows, but --out {out} is a table: give a .svg, .png or a folder")
    if not path.suffix and path.exists() and not path.is_dir():
        raise RunError(f"--out must be a folder or end in .csv, .png or .svg, got the file {out!r}")
    return path


def _write(comparison: Comparison, target: Path, variable: str | None) -> dict[str, str]:
    """Write the table, the map or both; returns their paths by what they are."""
    from ...hpc.errors import RunError
    from .figures import draw_differences, find_mapped

    is_folder = target.suffix not in (".csv", *PICTURES)
    written: dict[str, str] = {}
    table = target / "differences.csv" if is_folder else target
    if is_folder or target.suffix in PICTURES:
        try:
            told = find_mapped(comparison, variable)
        except RunError as error:
            if not is_folder or variable is not None:
                raise
            comparison.notes.append(f"no map is drawn: {error}.")
        else:
            picture = target / f"{told.name}.svg" if is_folder else target
            picture.parent.mkdir(parents=True, exist_ok=True)
            comparison.notes.append(draw_differences(comparison, told, picture))
            written["map of differences"] = str(picture)
    if is_folder or target.suffix == ".csv":
        table.parent.mkdir(parents=True, exist_ok=True)
        _write_csv(comparison, table)
        written = {"table of differences": str(table), **written}
    return written


def _write_csv(comparison: Comparison, path: Path) -> None:
    import csv

    rows = [("variable", told) for told in comparison.variables] + [("summary", told) for told in comparison.summary]
    with path.open("w", encoding="utf-8", newline="") as file:
        sheet: Any = None
        for kind, told in rows:
            row = {"of": kind, **told.to_json()}
            row["dims"] = " ".join(told.dims)
            row["at"] = _spell_place(told)
            if sheet is None:
                sheet = csv.DictWriter(file, row)
                sheet.writeheader()
            sheet.writerow({key: "" if value is None else value for key, value in row.items()})


def _show(comparison: Comparison) -> None:
    for side, run in (("A", comparison.a), ("B", comparison.b)):
        click.echo(f"{side}  {run.id}  {run.path}")
    click.echo(f"{type(comparison.product).__name__.lower().replace('product', 'store')}: {comparison.product.name}")
    for note in comparison.notes:
        click.echo(note)
    for name, why in comparison.refused.items():
        click.echo(f"not compared: {name}: {why}")
    if comparison.is_same:
        counted = sum(told.compared for told in comparison.variables)
        click.echo(f"no difference: {len(comparison.variables)} variables, {counted:,} numbers, all the same")
        return
    columns = ["variable", "units", "compared", "differ", "largest B - A", "A", "B", "mean B - A", "relative", "at"]
    rows = [
        [
            told.name, told.units, f"{told.compared:,}", f"{told.differing:,}", *map(_figure, (
                told.largest, told.a, told.b, told.mean, told.relative
            )), _spell_place(told),
        ]
        for told in sorted(comparison.variables, key=lambda told: not told.differing)
    ]  # fmt: skip
    _print_table(columns, rows)
    changed = [told for told in comparison.summary if told.differing]
    if changed:
        click.echo("")
        rows = [
            [_spell_place(told), told.name, *map(_figure, (told.a, told.b, told.largest)), ""]
            for told in changed[:SHOWN_SUMMARY]
        ]
        _print_table(["summary", "number", "A", "B", "B - A", ""], rows)
        if len(changed) > SHOWN_SUMMARY:
            click.echo(f"... and {len(changed) - SHOWN_SUMMARY} more: see --json")
    differing = sum(told.differing > 0 for told in comparison.variables)
    click.echo(f"{differing} of {len(comparison.variables)} variables differ")
    for told in comparison.variables:
        if told.unsized:
            click.echo(f"{told.name}: {told.unsized:,} differ without a size: text, or a number in one run alone")


def _spell_place(told: Difference) -> str:
    return ", ".join(f"{dim} {label}" for dim, label in told.at.items()) if told.differing else ""


def _figure(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns as wide as their content; the first and the last to the left."""
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    for row in [columns, *rows]:
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        click.echo("  ".join([row[0].ljust(widths[0]), *cells[1:-1], row[-1]]).rstrip())
