"""Conformance: one suite that asks every backend the same questions, and knows the answers on its own.

    kcore conformance --backend NAME --report report.html

A plugin's own test file is one line, `from kcore.conformance.suite import *`.
"""

from .case import CASES, LEVELS, Case, case, family
from .check import Check, Mismatch

__all__ = ["CASES", "LEVELS", "Case", "Check", "Mismatch", "case", "family"]
