"""How far a result may be from the oracle, per op and dtype: the one table, which is also published.

The error of a number is counted in ULP, the distance between neighbouring numbers of its dtype. An *element* row
counts in the ULP of the expected number itself; a *tensor* row in the ULP of the largest number of the expected tensor,
since a sum's rounding depends on what was added and not on what is left of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from kcore.engine.primitives import TABLE

DTYPES = ("bfloat16", "float16", "float32", "float64")


@dataclass(frozen=True)
class Tolerance:
    """A row of the table.

    Attributes:
        bfloat16: the largest error allowed, in ULP, for results of this dtype.
        float16: as above.
        float32: as above.
        float64: as above.
        scale: `"element"` or `"tensor"`, what the ULP is that of.
    """

    bfloat16: float
    float16: float
    float32: float
    float64: float
    scale: str = "element"

    def ulps(self, dtype: str) -> float:
        """The largest error allowed for a dtype, in ULP; 0 for one that isn't floating."""
        return getattr(self, dtype, 0.0) if dtype in DTYPES else 0.0


EXACT = Tolerance(0, 0, 0, 0)
ROUNDED = Tolerance(0.51, 0.51, 0.51, 0.51)
LIBRARY = Tolerance(1, 1, 4, 4)
SUMMED = Tolerance(4, 4, 16, 16, "tensor")
COMPOSED = Tolerance(8, 8, 32, 32, "tensor")

TOLERANCES: dict[str, Tolerance] = {
    **dict.fromkeys(TABLE, EXACT),
    **dict.fromkeys(("add", "subtract", "multiply"), ROUNDED),
    "divide": Tolerance(0.51, 0.51, 1.5, 1.5),
    "sqrt": Tolerance(0.51, 0.51, 1, 1),
    **dict.fromkeys(("floor_divide", "remainder"), Tolerance(1, 1, 1, 1)),
    **dict.fromkeys(("exp", "expm1", "log", "log1p", "sin", "cos", "tanh", "erf", "arctan2"), LIBRARY),
    **dict.fromkeys(("sigmoid", "power"), Tolerance(2, 2, 6, 6)),
    **dict.fromkeys(("sum", "prod", "cumsum", "fold", "scatter_add", "scatter_add_along_axis"), SUMMED),
    **dict.fromkeys(("matmul", "conv", "conv_transpose", "conv_kernel_grad"), SUMMED),
    **dict.fromkeys((row.name for row in TABLE.values() if not row.required), Tolerance(64, 64, 64, 64, "tensor")),
    **dict.fromkeys(("max_pool", "random_bits"), EXACT),
    "average_pool": SUMMED,
    "adam": COMPOSED,
    **dict.fromkeys(("lstm", "gru"), Tolerance(16, 16, 64, 64, "tensor")),
    "layer": Tolerance(16, 16, 128, 128, "tensor"),
    "training": Tolerance(64, 64, 128, 128, "tensor"),
    "model": Tolerance(256, 256, 1024, 1024, "tensor"),
    "*": COMPOSED,
}
"""By op. `"*"` is the row of all ops that have none; a result that isn't floating must be exact. `"layer"` is for what
a layer gives, `"training"` for losses and weights after a few epochs, `"model"` for losses and predictions of random
models."""

SLOPES: dict[str, tuple[float, float]] = {"float64": (1e-7, 1e-6), "float32": (1e-4, 1e-3)}
"""For a gradient computed in each dtype: how far a directional derivative of first and of second order may be from
finite differences of the oracle, in parts of the sum of its terms' sizes."""

LOSS_CURVES = {"float64": 1e-12, "float32": 1e-5}
"""By dtype: how far, relatively, the losses of ten epochs of `kcore demo` may be from NumPy's, with equal final
accuracy."""


def tolerance(op: str) -> Tolerance:
    """The row of an op."""
    return TOLERANCES.get(op, TOLERANCES["*"])
