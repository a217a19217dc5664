"""Maxima and means over windows and over whole images."""
