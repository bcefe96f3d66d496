"""``chainrule train``: train a model on data, print what is reached, plot the curve."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from numeric.errors import DivergenceWarning, OptionError, extra
from numeric.output import write_output
from reports.commands.models import find, is_file, offered
from symbolic.errors import suggestion


def _pairs(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, Any]:
    """``momentum=0.9`` as a name and a number; the step matrix alone is chosen by a word."""
    found: dict[str, Any] = {}
    for value in values:
        name, sign, number = value.partition("=")
        if name.strip() == "matrix" and number:
            found["matrix"] = number.strip()
            continue
        try:
            found[name.strip().replace("-", "_")] = float(number)
        except ValueError:
            raise click.BadParameter(f"{value!r} is not NAME=NUMBER, such as momentum=0.9") from None
        if not sign or not name:
            raise click.BadParameter(f"{value!r} is not NAME=NUMBER, such as momentum=0.9")
    return found


def _sizes(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, int]:
    return {name: int(number) for name, number in _pairs(ctx, parameter, values).items()}


@click.command("train", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("model", shell_complete=offered)
@click.option(
    "--data",
    "source",
    help="digits, iris, wine, diabetes, breast_cancer, sorting, or a file: .npz, .csv, .parquet, a folder of .npy.",
)
@click.option("--text", type=click.Path(path_type=Path), help="A text file whose next character is to be learned.")
@click.option("--length", type=int, default=32, show_default=True, help="Characters that the model sees of a text.")
@click.option(
    "--sample", type=int, default=200, show_default=True, help="Characters to write after training on a text."
)
@click.option("--target", help="The target column of a table (the last one if not given).")
@click.option("--held-out", default=0.2, show_default=True, help="Fraction of the samples held out (0: none).")
@click.option("--standardise/--as-is", default=False, help="Scale features to mean 0 and deviation 1.")
@click.option(
    "--method",
    default="sgd",
    show_default=True,
    help="sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw or matrix.",
)
@click.option("--learning-rate", "-r", type=float, help="The step size; each method has a default.")
@click.option(
    "--option",
    "-o",
    "options",
    multiple=True,
    callback=_pairs,
    help="An option of the method, such as momentum=0.9 or matrix=newton; all take clip_norm, l2 and weight_decay.",
)
@click.option(
    "--batch-size",
    "-b",
    default=32,
    show_default=True,
    help="Samples per step; 1 is per-sample descent, 0 the full batch.",
)
@click.option("--epochs", "-e", default=20, show_default=True)
@click.option("--schedule", help="constant, linear, cosine, step or warmup.")
@click.option("--patience", type=int, help="Stop after so many epochs without a better held-out loss.")
@click.option("--seed", default=0, show_default=True)
@click.option("--size", "sizes", multiple=True, callback=_sizes, help="The number of a named dimension, such as h=40.")
@click.option("--freeze", multiple=True, help="A parameter that stays as it is.")
@click.option("--backend", default="numpy", show_default=True, help="numpy, numba or auto.")
@click.option("--dtype", default="float64", show_default=True, type=click.Choice(["float32", "float64"]))
@click.option("--plot", type=click.Path(path_type=Path), help="Draw the curve into this .svg, .png or .pdf file.")
@click.option(
    "--log", type=click.Path(path_type=Path), help="Write every epoch's figures into this .csv or .jsonl file."
)
@click.option("--save", type=click.Path(path_type=Path), help="Write the trained parameters into this .npz file.")
@click.option("--checkpoint", type=click.Path(path_type=Path), help="Keep a checkpoint in this .npz file.")
@click.option("--every", default=1, show_default=True, help="Epochs between checkpoints.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint.")
@click.option("--dry-run", is_flag=True, help="Say what a step costs and stop: parameters, operations, memory.")
@click.option("--find-rate", is_flag=True, help="Try growing learning rates and stop; --plot draws the losses met.")
@click.option("--quiet", "-q", is_flag=True, help="Print the last line only.")
def command(model: str, held_out: float, standardise: bool, **given: Any) -> None:
    """Train MODEL (a Python file, or a name of the gallery) on data.

    The loss of the model is that of one sample; samples are the rows of the data. The program says how every parameter
    starts, and a run with the same seed ends in the same bits.

    \b
    Examples:
      chainrule train digits-net --data digits --epochs 30 --learning-rate 0.1
      chainrule train model.py --data table.csv --target price --method adam --plot curve.svg
      chainrule train gpt --text book.txt --method adam --dtype float32
    """
    from numeric.training.initial import parameters_of, rule_for
    from numeric.training.loop import train
    from numeric.training.metrics import accuracy_of

    _require_places(given)
    loss, samples = _model_and_data(model, given)
    training, held = samples.split(held_out, given["seed"]) if held_out else (samples, None)
    if standardise:
        training, held = training.standardised(), held.standardised(training) if held else None
    arrays, validation = training.bind(loss), held.bind(loss) if held else None
    _require_sizes(loss, arrays, given["sizes"])
    accuracy = accuracy_of(loss) if samples.classes else None
    quiet = given["quiet"]
    if given["dry_run"] or given["find_rate"]:
        return _cost(loss, arrays, given) if given["dry_run"] else _find_rate(loss, arrays, given)
    if not quiet:
        click.echo(f"{len(training)} samples to train on" + (f", {len(held)} held out" if held else ""))
        for t in parameters_of(loss):
            click.echo(f"  {t.describe()}: {rule_for(t)}")
    with _warnings_in_words():
        history = train(
            loss,
            arrays,
            method=given["method"],
            learning_rate=given["learning_rate"],
            batch_size=given["batch_size"] or None,
            epochs=given["epochs"],
            schedule=given["schedule"],
            patience=given["patience"],
            seed=given["seed"],
            sizes=given["sizes"],
            frozen=given["freeze"],
            backend=given["backend"],
            dtype=given["dtype"],
            validation=validation,
            metrics={"accuracy": accuracy} if accuracy is not None else {},
            progress=not quiet and sys.stderr.isatty(),
            checkpoint=given["checkpoint"],
            every=given["every"],
            resume=given["resume"],
            on_epoch=None if quiet or sys.stderr.isatty() else lambda record: click.echo(_line(record)),
            **given["options"],
        )
    _leave(history, given)
    if given["text"] is not None and given["sample"] > 0:
        click.echo(_written(history, samples, given))
    if given["source"] == "sorting" and not quiet:
        click.echo(_sorted(history, (held or training).arrays["tokens"][:3, :6]))
    click.echo(str(history))


@contextlib.contextmanager
def _warnings_in_words() -> Iterator[None]:
    """Warnings as sentences on the terminal, without the place in the program."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", DivergenceWarning)
        warnings.showwarning = lambda message, *more: click.echo(f"warning: {message}", err=True)
        yield


def _require_places(given: dict[str, Any]) -> None:
    """Raise before a long run, rather than after it, where a file could not be written at its end."""
    endings = {"plot": (".svg", ".png", ".pdf"), "log": (".csv", ".jsonl")}
    for name in ("plot", "log", "save", "checkpoint"):
        path = given[name]
        if path is None:
            continue
        if path.suffix not in endings.get(name, (path.suffix,)):
            raise OptionError(f"--{name} {path}: the file must end in {' or '.join(endings[name])}")
        if not path.parent.is_dir():
            raise OptionError(f"--{name} {path}: there is no folder {path.parent}; make it first")
    if given["resume"] and given["checkpoint"] is None:
        raise OptionError("--resume goes on from a checkpoint: give --checkpoint FILE")
    if given["plot"] is not None and importlib.util.find_spec("matplotlib") is None:
        raise extra("matplotlib", "plots", "--plot")


def _model_and_data(model: str, given: dict[str, Any]) -> tuple[Any, Any]:
    """The loss of one sample, and all samples."""
    from numeric.training.data import load
    from numeric.training.sequences import characters

    if (given["source"] is None) == (given["text"] is None):
        raise click.UsageError("Missing option '--data' (or '--text' for the characters of a text), one of the two.")
    if given["text"] is None:
        found, samples = find(model), load(given["source"], given["target"])
    else:
        samples = characters(given["text"], given["length"])
        of_text = {} if is_file(model) else {"tokens": len(samples.classes), "length": given["length"]}
        found = find(model, **of_text)
    if found.whole:
        raise OptionError(f"the loss of {found.name} takes all samples at once; `train` needs the loss of one sample")
    return found.loss, samples


def _require_sizes(loss: Any, arrays: Any, sizes: dict[str, int]) -> None:
    """Raise where a size is given that the model does not have, or one that no data tell is not given."""
    from numeric.training.initial import parameters_of, sizes_from
    from symbolic.program.graph import leaves

    declared = leaves([loss])
    known = {str(s) for t in declared for e in t.extents for s in e.free_symbols}
    for name in sizes:
        if name not in known:
            there = f"it has {', '.join(sorted(known))}" if known else "all of its dimensions are numbers"
            raise OptionError(f"--size {name}: the model has no dimension {name}; {there}.{suggestion(name, known)}")
    told = {str(s) for s in sizes_from([t for t in declared if t.role in ("input", "target")], arrays)}
    for t in parameters_of(loss):
        for name in sorted({str(s) for e in t.extents for s in e.free_symbols} - told - set(sizes)):
            raise OptionError(f"no data tell the dimension {name} of {t.describe()}; give it, such as --size {name}=40")


def _cost(loss: Any, arrays: Any, given: dict[str, Any]) -> None:
    """Print what a step costs."""
    from numeric.training.cost import step_cost
    from numeric.training.initial import sizes_from
    from symbolic.program.dims import dim_symbol
    from symbolic.program.graph import leaves

    told = sizes_from([t for t in leaves([loss]) if t.role in ("input", "target")], arrays)
    sizes = {**told, **{dim_symbol(name): size for name, size in given["sizes"].items()}}
    count = len(next(iter(arrays.values())))
    options = {**given["options"], "frozen": given["freeze"]}
    batch = min(given["batch_size"] or count, count)
    click.echo(str(step_cost(loss, batch, sizes, given["method"], given["dtype"], **options)))


def _find_rate(loss: Any, arrays: Any, given: dict[str, Any]) -> None:
    """Print, and plot if asked to, the range test."""
    from numeric.training.rates import learning_rate_range

    passed = {name: given[name] for name in ("method", "seed", "backend", "dtype", "sizes")}
    batch = given["batch_size"] or len(next(iter(arrays.values())))
    found = learning_rate_range(loss, arrays, batch_size=batch, frozen=given["freeze"], **passed, **given["options"])
    if given["plot"] is not None:
        from reports.figures.plots import rate_range, saved

        saved(rate_range(found), given["plot"])
    click.echo(str(found))


def _written(history: Any, samples: Any, given: dict[str, Any]) -> str:
    """What the trained model writes, from the beginning of the text on."""
    from numeric.training.metrics import prediction_of
    from numeric.training.sequences import generate

    start = samples.arrays["tokens"][0][: max(given["length"] // 4, 1)]
    codes = generate(prediction_of(history.loss), history.parameters, start, given["sample"], seed=given["seed"])
    return "".join(samples.classes[k] for k in codes)


def _line(record: Any) -> str:
    parts = [f"epoch {record.epoch:4d}", f"loss {_figure(record.loss)}"]
    if record.validation is not None:
        parts.append(f"held-out {_figure(record.validation)}")
    return "  ".join([*parts, *(f"{name} {value:.4f}" for name, value in record.metrics.items())])


def _figure(value: float) -> str:
    """A loss in a column; one that runs away keeps to it."""
    return f"{value:.5f}" if abs(value) < 1e6 else f"{value:.3e}"


def _leave(history: Any, given: dict[str, Any]) -> None:
    """Write the files that were asked for, each complete or not at all."""
    if given["log"] is not None:
        kinds = {".csv": history.csv, ".jsonl": history.json_lines}
        write_output(given["log"], kinds[given["log"].suffix]())
    if given["save"] is not None:
        from numeric.training.checkpoints import save_parameters

        save_parameters(given["save"], history.parameters)
    if given["plot"] is not None:
        from reports.figures.plots import loss_curve, saved

        saved(loss_curve(history), given["plot"])


def _sorted(history: Any, digits: Any) -> str:
    """What the trained model writes behind some digits."""
    from numeric.training.metrics import prediction_of
    from numeric.training.sequences import generate

    written = generate(prediction_of(history.loss), history.parameters, digits, digits.shape[1], temperature=0)
    count = digits.shape[1]
    return "\n".join(f"{' '.join(map(str, row[:count]))} → {' '.join(map(str, row[count:]))}" for row in written)
