"""The public names of ``numeric`` are all there, and loading the package does not load what they need."""

import subprocess
import sys

import pytest

import numeric


def test_every_name_is_there():
    assert all(callable(getattr(numeric, name)) for name in numeric.__all__)
    assert set(numeric.__all__) <= set(dir(numeric))
    with pytest.raises(AttributeError, match="no attribute 'trainer'"):
        numeric.trainer  # noqa: B018


def test_code_generation_loads_no_optimiser():
    program = (
        "import sys; from numeric import lambdify; print([m for m in sys.modules if m.startswith('numeric.learning')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
