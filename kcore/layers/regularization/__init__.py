"""Layers that act on training only: dropout, noise and penalties."""
