"""The names that ``numeric.learning`` gives, and that ``numeric`` loads no optimiser before it is asked for."""

import subprocess
import sys
from pathlib import Path

import pytest

import numeric.learning


@pytest.mark.parametrize("name", sorted(numeric.learning._MODULE_OF))
def test_every_name_is_there_and_documented(name):
    found = getattr(numeric.learning, name)
    assert name in dir(numeric.learning)
    assert not callable(found) or found.__doc__


def test_other_names_are_refused():
    with pytest.raises(AttributeError, match="has no attribute 'learn_by_heart'"):
        numeric.learning.learn_by_heart  # noqa: B018


def test_scipy_is_not_loaded_before_it_is_needed():
    program = "import sys, numeric; print(sorted({'scipy.optimize', 'cma', 'sklearn'} & set(sys.modules)))"
    root = Path(__file__).resolve().parents[3]
    answer = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
