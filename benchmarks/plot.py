"""Draw what `compare.py` and `growth.py` measured, for pages with a light or a dark background. Needs matplotlib.

python benchmarks/plot.py docs/assets       reads benchmarks.json and growth.json there, writes an SVG of each
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullFormatter
from targets import ratio_of

GREY = "#808080"
COLOURS = {"numpy": "#2a9d5c", "torch": "#e4572e", "jax": "#3f7fe0"}
MARKERS = {"kcore": "o", "keras": "s", "hand": "D"}
NAMES = {"kcore": "kcore", "keras": "Keras 3", "hand": "by hand", "numpy": "NumPy", "torch": "PyTorch", "jax": "JAX"}
STYLE = {
    "font.size": 10,
    "axes.titlesize": 10.5,
    "savefig.transparent": True,
    "svg.hashsalt": "kcore",
    "svg.fonttype": "none",
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), GREY),
    **{"axes.spines.top": False, "axes.spines.right": False, "axes.titlecolor": GREY},
    **{"axes.grid": True, "grid.color": GREY, "grid.alpha": 0.25, "legend.frameon": False},
}


def look(who: str) -> dict[str, Any]:
    """Colour by engine, marker by package; only kcore's are filled."""
    kind, engine = who.split("-")
    colour = COLOURS[engine]
    return {
        "marker": MARKERS[kind],
        "color": colour,
        "markeredgecolor": colour,
        "markerfacecolor": colour if kind == "kcore" else "none",
    }


def ratios(found: dict) -> dict[str, list[tuple[str, dict[str, float]]]]:
    """Panel by panel, rows of `(title, {implementation: ratio})`."""
    tasks = found["tasks"]
    against_loop = [
        (name, {who: ratio_of(values, row["hand-torch"]) for who, values in row.items()})
        for name, row in tasks.get("step", {}).items()
        if "hand-torch" in row
    ]
    against_keras = []
    for what, taken in tasks.items():
        for name, row in taken.items():
            pairs = {who: who.replace("kcore", "keras") for who in row if who.startswith("kcore")}
            if shown := {who: ratio_of(row[who], row[peer]) for who, peer in pairs.items() if peer in row}:
                title = f"{what.replace('_', ' ')}, {name}" if name != what else what
                against_keras.append((title, shown))
    return {
        "a training step: time / that of the loop by hand in PyTorch": against_loop,
        "kcore / Keras 3 on the same engine": against_keras,
    }


def dots(axes: Any, title: str, rows: list[tuple[str, dict[str, float]]]) -> None:
    """A row a workload, a dot an implementation."""
    for place, (_, values) in enumerate(rows):
        for who, value in values.items():
            axes.plot(value, place, linestyle="", markersize=7, **look(who))
    axes.axvline(1, color=GREY, linewidth=1.2)
    axes.set(xscale="log", title=title, ylim=(len(rows) - 0.5, -0.5), yticks=range(len(rows)))
    axes.set_yticklabels([name for name, _ in rows])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def benchmarks(found: dict) -> Any:
    """The ratios: left of the line at 1 is faster, or less memory. None if no peer was measured."""
    panels = {title: rows for title, rows in ratios(found).items() if rows}
    if not panels:
        return None
    heights = [len(rows) + 1 for rows in panels.values()]
    figure, axes = plt.subplots(
        len(panels), figsize=(8, 0.3 * sum(heights) + 1.2), squeeze=False, height_ratios=heights, layout="constrained"
    )
    for each, (title, rows) in zip(axes[:, 0], panels.items(), strict=True):
        dots(each, title, rows)
    who = {each: None for rows in panels.values() for _, values in rows for each in values}
    legend(figure, list(who))
    return figure


def legend(figure: Any, who: list[str]) -> None:
    """Who is who, under the panels."""
    order = sorted(who, key=lambda each: [list(part).index(name) for part, name in _parts(each)])
    handles = [
        Line2D([], [], linestyle="", label=" ".join(NAMES[x] for x in each.split("-")), **look(each)) for each in order
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(4, len(handles)))


def _parts(who: str) -> Any:
    return zip((MARKERS, COLOURS), who.split("-"), strict=True)


def growth(found: dict) -> Any:
    """Small multiples: a column a sweep, steps above first steps."""
    sweeps = found["sweeps"]
    figure, axes = plt.subplots(
        len(sweeps), 2, figsize=(8, 2.3 * len(sweeps) + 0.6), squeeze=False, sharex="row", layout="constrained"
    )
    for each, title in zip(axes[0], ("a step, ms", "the first step, ms"), strict=True):
        each.set_title(title)
    for row, sweep in zip(axes, sweeps.values(), strict=True):
        for each, what in zip(row, ("step", "first"), strict=True):
            for who, curve in sweep["curves"].items():
                kind = who.split("-")[0]
                line = {"linestyle": "-" if kind == "kcore" else "--", "linewidth": 1.4, "markersize": 4.5}
                each.plot(curve["sizes"], curve[what], **line, **look(who))
            each.set(xscale="log", yscale="log", xlabel=sweep["title"])
            each.xaxis.label.set_size(9)
            each.minorticks_off()
            for axis in (each.xaxis, each.yaxis):
                axis.set_major_formatter(FuncFormatter(_short))
    legend(figure, list(dict.fromkeys(who for sweep in sweeps.values() for who in sweep["curves"])))
    return figure


def _short(x: float, _: Any = None) -> str:
    """A tick's number: 10k for 10,000."""
    for scale, unit in ((1e6, "M"), (1e3, "k")):
        if x >= scale:
            return f"{x / scale:g}{unit}"
    return f"{x:g}"


def main() -> None:
    """The command line."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/assets")
    for name, draw in (("benchmarks", benchmarks), ("growth", growth)):
        if not (folder / f"{name}.json").exists():
            continue
        with mpl.rc_context(STYLE):
            figure = draw(json.loads((folder / f"{name}.json").read_text()))
            if figure is not None:
                figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
                print(f"wrote {folder / name}.svg")


if __name__ == "__main__":
    main()
