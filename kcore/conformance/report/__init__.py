"""The report card: as data, as a JSON file, and as one HTML page."""

from .card import page
from .data import summarize
from .files import write_html, write_json

__all__ = ["page", "summarize", "write_html", "write_json"]
