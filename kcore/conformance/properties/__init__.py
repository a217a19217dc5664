"""Properties: every primitive on shapes, dtypes and parameters that Hypothesis makes up, against NumPy's reference.

`draws` says what calls of each primitive look like, `cases` asks them. The same calls at every run: nothing is left to
chance.
"""
