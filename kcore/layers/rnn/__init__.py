"""Recurrent layers, their cells, and wrappers that work along time."""
