"""Backward functions checked against their forward functions: gradients judged, the wrong line named, diagnosed, repaired."""

from numeric.checking.judge import check_backward
from numeric.checking.verdicts import CodeVerdict, LineVerdict, OutputVerdict

__all__ = ["CodeVerdict", "LineVerdict", "OutputVerdict", "check_backward"]
