"""Nanoseconds a number of the generator and of the distributions, on the active backend."""

import timeit

from kcore.engine import active
from kcore.engine import random as R

COUNT = 1_000_000


def main() -> None:
    backend = active.current()
    key = backend.asarray(R.make_key(42))
    for draw in (R.random_bits, R.uniform, R.normal, R.truncated_normal):
        name = getattr(draw, "name", "") or getattr(draw, "__name__", "")
        best = min(timeit.repeat(lambda draw=draw: backend.to_numpy(draw(key, shape=(COUNT,))), number=1, repeat=9))
        print(f"{name:18} {best / COUNT * 1e9:6.1f} ns")


if __name__ == "__main__":
    main()
