"""The engine.

The primitive table, backends, tracing, autodiff, plans, variables, randomness. No file here knows what a layer is.
"""
