"""Models that commands work on: a Python file of the user's own, or a model of the gallery.

A model file is code, and runs as the user's own code. It leaves a scalar tensor named ``loss``, or a function
``loss(...)`` whose parameters are annotated with their dimensions:

    def loss(W: "m n parameter", x: "n", y: "m target"):
        s = W @ x
        return np.sum((np.tanh(s) - y) ** 2)

After the dimensions an annotation may name the role (input, target, parameter, constant), ``int`` and assumptions. Where
it names no role, ``y``, ``t`` and ``target`` are targets, ``x``, ``u`` and ``input`` inputs, all others parameters.
Tensors without a name get that of the variable that holds them, so that reports print the names that the user chose.
"""

from __future__ import annotations

import inspect
import runpy
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import click
from click.shell_completion import CompletionItem

from symbolic import Tensor, tensor
from symbolic.errors import ChainruleError, suggestion
from symbolic.program.tensors import ASSUMPTIONS, ROLES

_TARGETS, _INPUTS = ("y", "t", "target", "label"), ("x", "u", "input")


class ModelError(ChainruleError):
    """A model that is not there, that raised an error, or that leaves no loss."""


@dataclass(frozen=True)
class Model:
    """A model to derive, train or draw.

    ``loss`` is that of one sample unless ``whole`` says that it takes all of them; ``tensors`` are its named tensors;
    ``wrt`` those by which it is derived (all parameters if empty); ``source`` the text of its file. Title and description of a model
    ``from_gallery`` are told in the language of a report.
    """

    name: str
    title: str
    loss: Tensor
    description: str = ""
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    source: str = ""
    whole: bool = False
    wrt: tuple[Tensor, ...] = ()
    from_gallery: bool = False


def is_file(argument: str) -> bool:
    """True for what ends in ``.py`` or holds a separator; anything else names a model of the gallery."""
    return argument.endswith(".py") or "/" in argument or "\\" in argument


def offered(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What a shell offers for a model that is being typed: names of the gallery with their titles, and files."""
    from symbolic.language.gallery import GALLERY

    found = [CompletionItem(name, help=entry.title) for name, entry in GALLERY.items() if name.startswith(incomplete)]
    return [*found, CompletionItem(incomplete, type="file")]


def find(argument: str, **sizes: int) -> Model:
    """The model of a file or of the gallery, built with ``sizes`` where it comes in several. Raises ``ModelError``."""
    return from_file(Path(argument)) if is_file(argument) else from_gallery(argument, **sizes)


def from_gallery(name: str, **sizes: int) -> Model:
    """The model of that name. Raises ``ModelError`` with a suggestion if there is none, or none of such sizes."""
    from symbolic.language.gallery import GALLERY, named

    if name not in GALLERY:
        raise ModelError(
            f"there is no model {name!r} in the gallery; `chainrule gallery` lists them, and a file ends in .py."
            f"{suggestion(name, GALLERY)}"
        )
    entry = GALLERY[name]
    if not set(sizes) <= set(inspect.signature(entry.build).parameters):
        raise ModelError(f"the model {name!r} has no {' and '.join(sizes)} to choose; take one that has, such as 'gpt'")
    loss = entry.build(**sizes)
    wrt = tuple(named(loss)[label] for label in entry.wrt)
    found = named(loss)
    return Model(name, entry.title, loss, entry.description, found, whole=entry.whole, wrt=wrt, from_gallery=True)


def from_file(path: Path) -> Model:
    """The model that a Python file leaves. Raises ``ModelError`` with the user's own lines of a traceback."""
    try:
        source = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ModelError(f"{path}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from None
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)
    try:
        left = runpy.run_path(str(path), run_name="chainrule_model")
        loss, local = _loss(path, left)
    except ModelError:
        raise
    except (Exception, SystemExit) as error:
        raise ModelError(f"{path} raised an error\n{_of_the_user(error, path)}") from None
    finally:
        sys.path.remove(folder)
    return _model(str(path.stem), loss, {**left, **local}, str(left.get("__doc__") or ""), source)


def from_namespace(left: Mapping[str, Any], name: str = "model", source: str = "") -> Model:
    """The model that code left in a namespace, a notebook's for instance. Raises ``ModelError`` if there is no loss."""
    loss, local = _loss(Path("this notebook"), left)
    return _model(name, loss, {**left, **local}, "", source)


def _model(name: str, loss: Tensor, variables: Mapping[str, Any], doc: str, source: str) -> Model:
    tensors = {k: v for k, v in variables.items() if isinstance(v, Tensor) and not k.startswith("_")}
    for label, t in tensors.items():
        if t.name is None and t.definition is not None:
            t.named(label)
    if loss.name is None:
        loss.named("loss")
    title, _, rest = doc.strip().partition("\n")
    return Model(name, title.rstrip(".") or name, loss, rest.strip(), tensors, source)


def _loss(path: Path, left: Mapping[str, Any]) -> tuple[Tensor, Mapping[str, Any]]:
    """The loss, and the local variables of the function that computed it if there is one."""
    if "loss" not in left:
        near = suggestion("loss", [k for k in left if not k.startswith("_")])
        raise ModelError(f"{path}: leaves no scalar tensor and no function named 'loss'.{near}")
    loss, local = left["loss"], {}
    if callable(loss) and not isinstance(loss, Tensor):
        loss, local = _called(path, loss)
    if not isinstance(loss, Tensor):
        raise ModelError(f"{path}: 'loss' is a {type(loss).__name__}; expected a scalar tensor")
    if loss.ndim:
        raise ModelError(f"{path}: 'loss' is no scalar but {loss.describe()}; reduce it with np.sum or np.mean")
    return loss, local


def _called(path: Path, function: Callable[..., Any]) -> tuple[Any, Mapping[str, Any]]:
    """``function`` on tensors declared by its annotations, and its local variables when it returned."""
    arguments = []
    for name, parameter in inspect.signature(function).parameters.items():
        if not isinstance(parameter.annotation, str):
            raise ModelError(
                f'{path}: the parameter {name} of loss() needs its dimensions as an annotation, such as {name}: "m n"'
            )
        arguments.append(declared(name, parameter.annotation))
    local: dict[str, Any] = {}

    def watch(frame: FrameType, event: str, _: Any) -> None:
        if event == "return" and frame.f_code is function.__code__:
            local.update(frame.f_locals)

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        result = function(*arguments)
    finally:
        sys.setprofile(before)
    return result, local


def declared(name: str, annotation: str) -> Tensor:
    """The tensor of a function's parameter from its annotation.

    >>> declared("W", "m n"), declared("y", "m"), declared("k", "m int target").dtype
    (<Tensor W (m, n) parameter>, <Tensor y (m,) target>, 'int')
    """
    words = annotation.strip("'\" ").replace(",", " ").split()
    roles = [w for w in words if w in ROLES[:4]]
    assume = [w for w in words if w in ASSUMPTIONS]
    is_integer = "int" in words
    dims = [w for w in words if w not in roles and w not in assume and w != "int"]
    stem = name.rstrip("0123456789_").lower()
    guess = "target" if stem in _TARGETS else "input" if stem in _INPUTS else "parameter"
    return tensor(
        name, " ".join(dims), role=roles[0] if roles else guess, dtype="int" if is_integer else "real", assume=assume
    )


def _of_the_user(error: BaseException, path: Path) -> str:
    """The traceback from the first frame of the model file on, without this program's own frames before it."""
    frames = traceback.extract_tb(error.__traceback__)
    mine = [k for k, frame in enumerate(frames) if Path(frame.filename).resolve() == path.resolve()]
    inside = [f for f in frames[mine[0] :] if "/symbolic/" not in f.filename.replace("\\", "/")] if mine else []
    lines = traceback.format_list(inside) + traceback.format_exception_only(error)
    return "".join(lines).rstrip()
