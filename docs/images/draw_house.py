"""Draw the rooms and who leans on whom: ``python docs/images/draw_house.py > docs/images/house.svg``."""

from __future__ import annotations

from html import escape

WIDTH, GAP, LEFT = 900, 26, 20
INK, PAPER, LINE = "#1b1f24", "#ffffff", "#7a8793"
GREY, ORANGE, BLUE, GREEN, YELLOW, VIOLET, PINK = (
    "#eef1f4", "#fbe3d6", "#d6e8fb", "#e6f2dc", "#f5edd2", "#e4dcf3", "#f8dce4",
)  # fmt: skip

# Each row leans only on the rows below it: (room, lines that say what it holds, colour, columns it spans of 12)
ROWS = [
    [("__main__", ["the command line, assembled from the rooms' commands"], GREY, 12)],
    [("benchmarks", ["cases, paired runner, peers"], GREY, 12)],
    [
        ("workflows/traffic/", ["about roads"], ORANGE, 3),
        ("workflows/hydro/", ["about water"], BLUE, 3),
        ("workflows/medical/", ["about persons"], PINK, 3),
        ("workflows/city/", ["one city for all"], GREEN, 3),
    ],
    [("workflows", ["workflow, runner, commands, settings_help, drawing/: what all questions share"], GREY, 12)],
    [
        (
            "datasets",
            ["catalogue/ (the door) city/ synthetic/", "traffic/ hydro/ medical/ maps/ place/ text/"],
            YELLOW,
            6,
        ),
        (
            "hpc",
            [
                "commands/ control/ report/ slurm/ sandbox/",
                "execution/ ragged/ gang/ release/ run/",
                "identity/ plan/ store/ lifting/",
            ],
            VIOLET,
            6,
        ),
    ],
    [
        (
            "kernels",
            ["traffic/  hydro/  medical/  space/  and the engines that run them: arrays in, arrays out"],
            GREY,
            12,
        )
    ],
]


def draw_house() -> str:
    """The picture as SVG text."""
    heights = [40 + 19 * max(len(lines) for _, lines, _, _ in row) for row in ROWS]
    height = sum(heights) + GAP * (len(ROWS) + 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{height}" fill="{PAPER}"/>',
        _write(LEFT, GAP - 8, "A room imports only from the rows below it; hpc knows no kernel.", 13),
    ]
    y = GAP
    for row, tall in zip(ROWS, heights, strict=True):
        x = float(LEFT)
        for name, lines, fill, span in row:
            width = (WIDTH - 2 * LEFT) * span / 12
            shape = f'x="{x + 3:g}" y="{y}" width="{width - 6:g}" height="{tall}" rx="6"'
            parts.append(f'<rect {shape} fill="{fill}" stroke="{LINE}"/>')
            parts.append(_write(x + 16, y + 26, name, 17, ' font-weight="600"'))
            parts += [_write(x + 16, y + 47 + 19 * n, line, 14) for n, line in enumerate(lines)]
            x += width
        y += tall + GAP
        if row is not ROWS[-1]:
            arrow = f"M{WIDTH / 2:g} {y - GAP + 3}v{GAP - 8}m-5 -6l5 6l5 -6"
            parts.append(f'<path d="{arrow}" fill="none" stroke="{LINE}" stroke-width="2"/>')
    return "\n".join([*parts, "</svg>"])


def _write(x: float, y: float, text: str, size: int, more: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{INK}"{more}>{escape(text)}</text>'


if __name__ == "__main__":
    print(draw_house())
