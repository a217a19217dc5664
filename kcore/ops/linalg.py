"""Linear algebra, under the names of `keras.ops.linalg`; the same functions as in `kcore.ops`."""

from .decompositions import (
    cholesky,
    cholesky_inverse,
    det,
    eigh,
    inv,
    lu_factor,
    qr,
    solve,
    solve_triangular,
    svd,
)
from .least_squares import jvp, lstsq, matrix_rank, pinv
from .norms import norm

__all__ = [
    "cholesky",
    "cholesky_inverse",
    "det",
    "eigh",
    "inv",
    "jvp",
    "lstsq",
    "lu_factor",
    "matrix_rank",
    "norm",
    "pinv",
    "qr",
    "solve",
    "solve_triangular",
    "svd",
]
