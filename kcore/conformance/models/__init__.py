"""Random small models: made from a seed, trained for a few steps, compared with NumPy in float64.

`description` says what a model is (plain data) and trains it, `generate` makes descriptions up, `reduce` shrinks one
that fails, `cases` asks.
"""
