"""What conformance asks of training: `table` lists models, `cases` trains them, `saving` moves them between backends.

`trajectories.json` holds what the models of the table do in float64 on NumPy.
"""
