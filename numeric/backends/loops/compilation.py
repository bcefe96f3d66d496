"""Generated modules on disk, and numba's compiled code beside them.

A module is stored under a name made of its content and of the versions that compile it, so that nothing stale is ever
found and racing processes write the same bytes.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from numeric.backends.kept_code import owned_folder
from numeric.errors import OptionError, extra
from numeric.output import write_output

_modules: dict[str, ModuleType] = {}


def require_numba() -> str:
    """numba's version; raises ``MissingExtraError`` where it is not installed."""
    try:
        import numba
    except ImportError:
        raise extra("numba", "fast", "backend='numba'") from None
    return numba.__version__


def require_machine() -> None:
    """Raises ``MissingExtraError`` where LLVM is not installed, which comes with numba."""
    try:
        importlib.import_module("llvmlite.binding")
    except ImportError:
        raise extra("numba", "fast", "backend='numba'") from None


@functools.cache
def _runtime() -> str:
    """What stands for the module that compiled code imports: its functions become part of it."""
    return hashlib.sha256((Path(__file__).parent / "pointers.py").read_bytes()).hexdigest()


def compiled(source: str) -> ModuleType:
    """The module with this source, its functions compiled when first called, now or in an earlier process.

    The source is printed from a program of equations; names in it are generated and numbers are printed by ``repr``.
    """
    version = require_numba()
    key = hashlib.sha256(f"{version} {sys.version} {_runtime()} {source}".encode()).hexdigest()[:24]
    if key in _modules:
        return _modules[key]
    path = owned_folder() / f"loops_{key}.py"
    if not path.exists() or path.read_text(encoding="utf-8") != source:
        write_output(path, source)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise OptionError(f"{path}: cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # numba looks a function's module up when it reads its cache
    spec.loader.exec_module(module)
    _modules[key] = module
    return module
