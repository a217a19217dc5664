"""Layers that attend to parts of their input."""
