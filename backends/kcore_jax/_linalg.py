"""Linear algebra and the Fourier transform, by `jax.numpy.linalg`, with the core's answers where a matrix has none."""

from __future__ import annotations

from typing import Any


class LinearAlgebra:
    """The optional rows of a backend whose attributes `jnp` and `jax` are the modules."""

    jax: Any
    jnp: Any

    def _where(self, fine, x):
        """x, with NaN throughout in matrices that have no answer."""
        return self.jnp.where(fine[..., None, None], x, self.jnp.nan)

    def _finite(self, x):
        return self.jnp.isfinite(x).all((-2, -1))

    def _parts(self, *parts):
        return self.jnp.concatenate(parts, -2)

    def _symmetric(self, x):
        return (x + x.mT) / 2

    def _signs(self, v):
        size = self.jnp.abs(v)
        first = self.jnp.argmax(size >= 0.6 * size.max(-2, keepdims=True, initial=0), -2)[..., None, :]
        return self.jnp.where(self.jnp.take_along_axis(v, first, -2) < 0, -1, 1).astype(v.dtype)

    def cholesky(self, x):
        out = self.jnp.linalg.cholesky(self._symmetric(x), symmetrize_input=False)
        return self._where(self._finite(out), out)

    def solve(self, a, b):
        diagonal = self.jnp.diagonal(self.jax.lax.linalg.lu(a)[0], axis1=-2, axis2=-1)
        return self._where((diagonal != 0).all(-1), self.jnp.linalg.solve(a, b))

    def solve_triangular(self, a, b, *, lower):
        fine = (self.jnp.diagonal(a, axis1=-2, axis2=-1) != 0).all(-1)
        return self._where(fine, self.jax.lax.linalg.triangular_solve(a, b, left_side=True, lower=lower))

    def lu(self, x):
        factors, pivots, rows = self.jax.lax.linalg.lu(x)
        pivots = self.jnp.broadcast_to(self.jnp.arange(x.shape[-2]), rows.shape).at[..., : pivots.shape[-1]].set(pivots)
        return self.jnp.concatenate([factors, self.jnp.stack([rows, pivots], -1).astype(x.dtype)], -1)

    def qr(self, x):
        q, r = self.jnp.linalg.qr(x)
        return self._parts(q, r.mT)

    def eigh(self, x):
        w, v = self.jnp.linalg.eigh(self._symmetric(x), symmetrize_input=False)
        return self._where(self._finite(x), self._parts(w[..., None, :], v * self._signs(v)))

    def svd(self, x):
        u, s, vh = self.jnp.linalg.svd(x, full_matrices=False)
        signs = self._signs(u)
        return self._where(self._finite(x), self._parts(u * signs, s[..., None, :], vh.mT * signs))

    def fft(self, re, im, *, inverse):
        x = self.jax.lax.complex(re, im)
        y = self.jnp.fft.ifft(x, norm="forward") if inverse else self.jnp.fft.fft(x)
        return self.jnp.stack([y.real, y.imag])
