"""What a captured training step consists of, and how long its parts take: `Model.explain_step`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from kcore import tree
from kcore.engine import backend as backends
from kcore.engine.function import Captured, close
from kcore.engine.plan import report
from kcore.engine.plan.timing import time_calls, time_plan
from kcore.engine.tracing import GRADIENT, Capture, eager
from kcore.errors import InvalidArgumentError
from kcore.training.adapters import find_adapter

STEP = "step"
"""Where calls belong that neither a layer nor the loss, the metrics or the optimizer makes."""


def explain(
    trainer: Any, x: Any, y: Any, sample_weight: Any, batch_size: int | None, repeats: int = 10
) -> dict[str, Any]:
    """Capture the training step of a model, run it on copies of all variables, and say what was seen.

    Args:
        trainer: the model's trainer.
        x, y, sample_weight: data, of which the first batch is taken; without, a batch is made up like the last one.
        batch_size: samples in a batch of arrays.
        repeats: how many runs are timed.

    Returns:
        Plain data, as described at `Model.explain_step`.

    Raises:
        CaptureError: the step can't be captured.
        InvalidArgumentError: steps of this model run eagerly; it isn't built; there is no data and no earlier step.
    """
    if repeats < 1:
        raise InvalidArgumentError(f"`repeats` must be positive. Received: repeats={repeats}")
    if trainer.run_eagerly:
        raise InvalidArgumentError("There is no captured step to explain: the model was compiled to run eagerly.")
    batch = _made_up(trainer) if x is None else _first_batch(trainer, x, y, sample_weight, batch_size)
    leaves, structure = tree.flatten_with_structure(batch)
    backend = backends.current()
    tensors = [None if leaf is None else backend.asarray(leaf) for leaf in leaves]
    captured, seconds = _captured(trainer, tensors, structure)
    plan = captured.plan
    inputs, carried = _state(captured, [leaf for leaf in tensors if leaf is not None])
    seconds["first"], seconds["step"] = time_plan(plan, inputs, carried, repeats)
    times = time_calls(plan, inputs, carried, repeats)
    calls = [_timed(call, times, trainer.model, plan.is_compiled) for call in report.calls(plan)]
    return {
        "model": trainer.model.name,
        "backend": backend.name,
        "device": backend.device,
        "compiled": plan.is_compiled,
        "batch": [None if leaf is None else str(backend.spec_of(leaf)) for leaf in tensors],
        "made_up": x is None,
        "seconds": seconds | {"calls": sum(call["seconds"] for call in calls)},
        "passes": report.passes(plan),
        "memory": None if plan.is_compiled else report.memory(plan),
        "layers": _by_layer(calls),
        "calls": calls,
    }


def _first_batch(trainer: Any, x: Any, y: Any, sample_weight: Any, batch_size: int | None) -> Any:
    """The first batch, for which the model is built."""
    adapter = find_adapter(x, y, sample_weight, trainer.reading(batch_size))
    trainer.prepare(adapter, training=True)
    if not trainer.model.built:
        raise InvalidArgumentError(
            f"Model '{trainer.model.name}' must be built before its step is explained: call it on a batch, or train "
            "it for a step."
        )
    return adapter.first_batch()


def _made_up(trainer: Any) -> Any:
    """A batch like that of the last captured step: zeros for integers, which are valid as labels and as words."""
    seen = trainer.train_function.last_seen
    if seen is None:
        raise InvalidArgumentError(
            "`x` must be given, or the model trained for a step before, so that shapes are known. Received: x=None"
        )
    rng = np.random.default_rng(0)
    structure, specs = seen
    leaves = [
        None
        if spec is None
        else (rng.random(spec.shape) if "float" in spec.dtype else np.zeros(spec.shape)).astype(spec.dtype)
        for spec in specs
    ]
    return tree.unflatten(structure, leaves)


def _captured(trainer: Any, tensors: Sequence[Any], structure: Any) -> tuple[Captured, dict[str, float]]:
    """The step as `Function` would capture it, and how long that and the plan took."""
    backend = backends.current()
    start = time.perf_counter()
    with eager(), Capture() as capture:
        entered = [None if x is None else capture.input(backend.spec_of(x)) for x in tensors]
        leaves, treedef = tree.flatten_with_structure(trainer.captured_step(*tree.unflatten(structure, entered)))
    middle = time.perf_counter()
    captured = close(capture, leaves, treedef, backend)
    return captured, {"capture": middle - start, "plan": time.perf_counter() - middle}


def _state(captured: Captured, tensors: Sequence[Any]) -> tuple[Any, dict[int, int]]:
    """A function that gives the plan's inputs, with copies of what it writes; and which output is whose next value."""
    backend, first = backends.current(), len(tensors)
    outputs = len(captured.plan.listing.outputs) - len(captured.writes)
    place = {id(v): outputs + i for i, v in enumerate(captured.writes)}
    carried = {first + i: place[id(v)] for i, (v, written) in enumerate(captured.reads) if written}

    def inputs() -> list[Any]:
        state = (backend.copy(v.load()) if written else v.load() for v, written in captured.reads)
        return [*tensors, *state]

    return inputs, carried


def _timed(call: dict[str, Any], times: dict[int, float], model: Any, is_compiled: bool) -> dict[str, Any]:
    layer = call["layer"].removesuffix(GRADIENT).removeprefix(f"{model.path}/") or STEP
    return call | {
        "layer": layer,
        "gradient": call["layer"].endswith(GRADIENT),
        "seconds": times[call["position"]],
        "place": None if is_compiled else call["place"],
    }


def _by_layer(calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sums over the calls of each layer, the costliest first."""
    rows: dict[str, dict[str, Any]] = {}
    for call in calls:
        row = rows.setdefault(
            call["layer"], {"layer": call["layer"], "calls": 0, "forward": 0.0, "gradient": 0.0, "seconds": 0.0}
        )
        row["calls"] += 1
        row["gradient" if call["gradient"] else "forward"] += call["seconds"]
        row["seconds"] += call["seconds"]
    return sorted(rows.values(), key=lambda row: -row["seconds"])
