"""Diagnosis: which mistake was made? Confirmed by repair, or not given at all."""

from symbolic.verification.diagnosis.diagnose import diagnose
from symbolic.verification.diagnosis.mistakes import MISTAKES, Mistake, explained

__all__ = ["MISTAKES", "Mistake", "diagnose", "explained"]
