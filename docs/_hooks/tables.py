"""Fill the tables of the reference from the code, so that they can't fall behind it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import speed


def on_page_markdown(markdown: str, **_) -> str:
    """Replace each `<!-- table: NAME -->` by the table of that name."""
    return re.sub(r"<!-- table: (\w+) -->", lambda match: TABLES[match[1]](), markdown)


def primitives() -> str:
    """All primitives, group by group."""
    from kcore.engine.primitives import TABLE

    rows = list(TABLE.values())
    groups = dict.fromkeys(row.group for row in rows if row.required)
    return "\n".join(line for group in groups for line in _group(group, [row for row in rows if row.group == group]))


def _group(title: str, rows: list) -> Iterator[str]:
    yield from (
        f"\n## {title.capitalize()}\n",
        "| primitive | operands | parameters | meaning |",
        "| --- | --- | --- | --- |",
    )
    for row in rows:
        if row.required:
            cells = (f"`{row.name}`", _code(row.operands), _code(row.params), row.doc)
            yield "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def interface() -> str:
    """Every primitive as a method: signature, meaning, and the cases that conformance tries it on."""
    from kcore.engine.primitives import TABLE

    rows = list(TABLE.values())
    groups = dict.fromkeys((row.group, row.required) for row in sorted(rows, key=lambda row: not row.required))
    return "\n".join(
        line
        for group, required in groups
        for line in _methods(
            f"{group}{'' if required else ' (optional)'}",
            [row for row in rows if (row.group, row.required) == (group, required)],
        )
    )


def _methods(title: str, rows: list) -> Iterator[str]:
    from kcore.engine.backend import signature

    yield f"\n## {title[0].upper()}{title[1:]}\n"
    for row in rows:
        cases = ", ".join(sample.name for sample in row.samples())
        yield f"### `{row.name}{_written(signature(row).parameters.values())}`\n\n{row.doc}.\n\n*Tried on:* {cases}.\n"


def services() -> str:
    """What else a backend class has: the first line of each, and whether it must be written."""
    from kcore.engine.primitives import TABLE
    from kcore.extend import Backend

    must = ("asarray", "is_tensor", "to_numpy")
    named = {name: member for name, member in vars(Backend).items() if callable(member) and name[0] != "_"}
    lines = ["| method | what it does | |", "| --- | --- | --- |"]
    for name in sorted(set(named) - set(TABLE), key=lambda name: (name not in must, name)):
        doc = inspect.cleandoc(named[name].__doc__ or "").split("\n\n")[0].replace("\n", " ").replace("|", r"\|")
        lines.append(f"| `{name}{_call(named[name])}` | {doc} | {'must be written' if name in must else ''} |")
    return "\n".join(lines)


def _call(method) -> str:
    """A method's parameters without their types."""
    parameters = inspect.signature(method).parameters.values()
    return _written(p.replace(annotation=p.empty) for p in parameters if p.name != "self")


def _written(parameters) -> str:
    """Parameters in brackets, without the mark for positional ones."""
    kind = inspect.Parameter
    plain = [p.replace(kind=kind.POSITIONAL_OR_KEYWORD) if p.kind is kind.POSITIONAL_ONLY else p for p in parameters]
    return str(inspect.Signature(plain))


def _code(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


def promotion() -> str:
    """What each two dtypes meet in."""
    from kcore import dtypes

    columns = [*dtypes.ALL, "int", "float"]
    lines = [f"| | {' | '.join(map(_short, columns))} |", "|" + " --- |" * (len(columns) + 1)]
    for a in columns:
        lines.append(f"| **{_short(a)}** | {' | '.join(_short(dtypes.result_type(a, b)) for b in columns)} |")
    return "\n".join(lines)


def _short(name: str) -> str:
    replaced = re.sub(r"^(uint|int|float)(\d)", lambda match: f"{match[1][0]}{match[2]}", name)
    return {"bfloat16": "bf16", "int": "int*", "float": "float*"}.get(replaced, replaced)


def hooks() -> str:
    """The hooks and their manual."""
    from kcore.plugins import HOOK_NAMES, Hooks

    return "\n".join(_hook(name, getattr(Hooks, name)) for name in HOOK_NAMES)


def _hook(name: str, function) -> str:
    parameters = ", ".join(parameter for parameter in inspect.signature(function).parameters if parameter != "self")
    text = re.sub(r"^(\w+):\n", r"\n**\1**\n\n", inspect.getdoc(function) or "", flags=re.MULTILINE)
    text = re.sub(r"^    (?! )", "", text, flags=re.MULTILINE)
    return f"\n## `{name}({parameters})`\n\n{text}\n"


def answers() -> str:
    """The known inconsistencies, heading by heading: what is asked, kcore's answer, where it was reported."""
    from kcore.conformance.case import CASES
    from kcore.conformance.known import ITEMS

    headings: dict[str, list[str]] = {}
    for item in sorted(ITEMS):
        cases = [CASES[name] for name in ITEMS[item]]
        rows = headings.setdefault(cases[0].group, [])
        rows.extend(_row(item, _question(case.name), case.answer, _links(case.sources)) for case in cases)
    return "\n".join(line for group, rows in headings.items() for line in (*_answers_head(group), *rows))


def _answers_head(group: str) -> tuple[str, ...]:
    return (f"\n## {group}\n", "| | what is asked | kcore's answer | reported |", "| --- | --- | --- | --- |")


def _row(*cells) -> str:
    return "| " + " | ".join(str(cell).replace("|", r"\|") for cell in cells) + " |"


def _question(name: str) -> str:
    words = name.partition("/")[2].replace("_", " ")
    return words[0].upper() + words[1:]


_TRACKERS = {"K": "keras-team/keras", "KC": "keras-team/keras-core", "TF": "tensorflow/tensorflow"}


def _links(sources: tuple[str, ...]) -> str:
    return ", ".join(_link(*source.partition("#")) for source in sources)


def _link(tracker: str, mark: str, number: str) -> str:
    source = tracker + mark + number
    return f"[{source}](https://github.com/{_TRACKERS[tracker]}/issues/{number})" if mark else source


def backends() -> str:
    """How long each backend is: files, and their lines, with and without the blank ones."""
    lines = ["| backend | files | lines | not blank |", "| --- | --- | --- | --- |"]
    for name, folder in sorted(BACKENDS.items()):
        texts = [path.read_text(encoding="utf-8").splitlines() for path in folder.glob("*.py")]
        filled = [line for text in texts for line in text if line.strip()]
        lines.append(_row(f"`{name}`", len(texts), sum(map(len, texts)), len(filled)))
    return "\n".join(lines)


ROOT = Path(__file__).parents[2]
BACKENDS = {path.name.removeprefix("kcore_"): path for path in (ROOT / "backends").glob("kcore_*")} | {
    "mlx": ROOT / "plugins" / "kcore-mlx" / "src" / "kcore_mlx"
}


def versions() -> str:
    """What changed in each version of the interface."""
    from kcore.engine.backend import INTERFACE_CHANGES

    return "\n".join(["| version | what changed |", "| --- | --- |", *(_row(*c) for c in INTERFACE_CHANGES.items())])


def tolerances() -> str:
    """How many ULP each op may be off; ops of one tolerance share a row."""
    from kcore.conformance.tolerances import DTYPES, TOLERANCES

    rows: dict = {}
    for op, row in TOLERANCES.items():
        rows.setdefault(row, []).append("any other op" if op == "*" else f"`{op}`")
    lines = [f"| ops | {' | '.join(DTYPES)} | of |", "| --- |" + " --- |" * (len(DTYPES) + 1)]
    for row, ops in rows.items():
        scale = {"element": "each number", "tensor": "the tensor"}[row.scale]
        lines.append(_row(", ".join(ops), *(f"{row.ulps(dtype):g}" for dtype in DTYPES), scale))
    return "\n".join(lines)


def slopes() -> str:
    """How far gradients may be off."""
    from kcore.conformance.tolerances import SLOPES

    lines = ["| computed in | first order | second order |", "| --- | --- | --- |"]
    return "\n".join([*lines, *(_row(dtype, *(f"{part:g}" for part in parts)) for dtype, parts in SLOPES.items())])


TABLES = {
    "slopes": slopes,
    "tolerances": tolerances,
    "backends": backends,
    "versions": versions,
    "interface": interface,
    "services": services,
    "answers": answers,
    "hooks": hooks,
    "primitives": primitives,
    "promotion": promotion,
    **speed.TABLES,
}
