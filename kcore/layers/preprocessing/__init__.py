"""Layers that turn raw data, such as strings, into numbers."""
