"""Layers of general use: matrix products, lookups, masks, wrappers and functions as layers."""
