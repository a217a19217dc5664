"""Layers that normalise their input."""
