"""`chainrule train`, `gallery` and `diagram`, run as a user runs them."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from reports.commands import main


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def test_the_chapters_net_learns_digits(tmp_path):
    """The chapter's architecture on digits: at least 96 % of held-out images, as the README says."""
    answer = run(
        "train", "digits-net", "--data", "digits", "--epochs", 30, "-r", 0.1, "-b", 16, "--log", tmp_path / "log.jsonl"
    )
    assert answer.exit_code == 0, answer.output
    last = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])
    assert last["accuracy"] >= 0.96
    assert f"accuracy {last['accuracy']:.4g}" in answer.output.splitlines()[-1]
    assert "W_1 (60, 64): uniform on ±1/8" in answer.output


def test_a_loss_that_runs_away_stays_in_its_column():
    answer = run("train", "digits-net", "--data", "digits", "--epochs", 2, "-r", 1e9, "--as-is")
    lines = [line for line in answer.output.splitlines() if line.startswith("epoch")]
    assert len(lines) == 2
    assert max(map(len, lines)) < 80


def test_a_model_file_on_a_table(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 2))
    rows = np.column_stack([x, x @ [2.0, -1.0] + 0.5])
    np.savetxt(tmp_path / "d.csv", rows, delimiter=",", header="a,b,price", comments="")
    (tmp_path / "m.py").write_text('def loss(w: "2", b: "", x: "2", y: ""):\n    return (w @ x + b - y) ** 2\n')
    names = ["--log", tmp_path / "l.csv", "--save", tmp_path / "p.npz", "--plot", tmp_path / "c.svg"]
    answer = run("train", tmp_path / "m.py", "--data", tmp_path / "d.csv", "-e", 60, "-r", 0.05, "-q", *names)
    assert answer.exit_code == 0, answer.output
    with np.load(tmp_path / "p.npz") as parameters:
        np.testing.assert_allclose(parameters["w"], [2, -1], atol=1e-2)
        np.testing.assert_allclose(parameters["b"], 0.5, atol=1e-2)
    assert (tmp_path / "l.csv").read_text().startswith("epoch,loss,seconds")
    assert (tmp_path / "c.svg").read_text().rstrip().endswith("</svg>")
    assert len(answer.output.splitlines()) == 1


def test_a_run_on_an_unscaled_table_is_warned_in_a_line(tmp_path):
    rng = np.random.default_rng(0)
    x = 300 * rng.normal(size=(60, 2))
    rows = np.column_stack([x, x @ [2.0, -1.0]])
    np.savetxt(tmp_path / "d.csv", rows, delimiter=",", header="a,b,price", comments="")
    (tmp_path / "m.py").write_text('def loss(w: "2", x: "2", y: ""):\n    return (w @ x - y) ** 2\n')
    answer = run("train", tmp_path / "m.py", "--data", tmp_path / "d.csv", "-e", 4, "-r", 1e-4, "-q")
    assert answer.exit_code == 0, answer.output
    (line,) = [row for row in answer.output.splitlines() if row.startswith("warning: ")]
    assert "the run diverges. x has entries of up to" in line
    assert "(chainrule train --standardise)" in line
    calm = run("train", tmp_path / "m.py", "--data", tmp_path / "d.csv", "-e", 4, "-q", "--standardise")
    assert "warning" not in calm.output


def test_resume_from_the_command_line(tmp_path):
    common = ["train", "digits-net", "--data", "digits", "-q", "--checkpoint"]
    whole = run(*common, tmp_path / "whole.npz", "-e", 3, "--save", tmp_path / "a.npz")
    first = run(*common, tmp_path / "part.npz", "-e", 1)
    rest = run(*common, tmp_path / "part.npz", "-e", 3, "--resume", "--save", tmp_path / "b.npz")
    assert [r.exit_code for r in (whole, first, rest)] == [0, 0, 0]
    with np.load(tmp_path / "a.npz") as a, np.load(tmp_path / "b.npz") as b:
        assert all(np.array_equal(a[k], b[k]) for k in a.files)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["train", "digits-net", "--data", "digit"], 1, "Did you mean 'digits'?"),
        (["train", "digitsnet", "--data", "digits"], 1, "Did you mean 'digits-net'?"),
        (["train", "digits-net", "--data", "iris"], 1, "does not fit input x (64,)"),
        (["train", "digits-net", "--data", "digits", "--method", "adm"], 1, "Did you mean 'adam'?"),
        (["train", "digits-net", "--data", "digits", "-o", "momentum"], 2, "is not NAME=NUMBER"),
        (["train", "digits-net", "--data", "digits", "-o", "momentum=1"], 1, "has no option 'momentum'"),
        (["train", "digits-net", "--data", "none.csv"], 1, "no such file"),
        (["train", "digits-net", "--data", "digits", "--target", "price"], 1, "digits has its target, got 'price'"),
        (["train", "digits-net", "--data", "digits", "--size", "h=3"], 1, "all of its dimensions are numbers"),
        (["train", "ridge-regression", "--data", "iris", "--size", "m=3"], 1, "the model has no dimension m; it has n"),
        (["train", "perceptron", "--data", "iris"], 1, "such as --size h=40"),
        (["train", "digits-net", "--data", "digits", "--resume"], 1, "give --checkpoint FILE"),
        (["train", "digits-net"], 2, "Missing option '--data'"),
        (["train", "matrix-factorisation", "--data", "digits"], 1, "the loss"),
        (["trian"], 2, "Did you mean 'train'?"),
        (["diagram", "digits-net", "-o", "x.gif"], 1, "written as .svg, .png, .dot or .tex"),
        (["diagram", "none.py"], 1, "there is no such file"),
    ],
)
def test_a_mistake_is_one_line_and_an_exit_code(arguments, code, message):
    answer = CliRunner().invoke(main, arguments)
    assert answer.exit_code == code, answer.output
    assert message in answer.output
    assert "Traceback" not in answer.output
    if code == 1:
        assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("option", "place", "message"),
    [
        ("--plot", "/nowhere/c.svg", "--plot /nowhere/c.svg: there is no folder /nowhere; make it first"),
        ("--plot", "c.gif", "--plot c.gif: the file must end in .svg or .png or .pdf"),
        ("--log", "l.txt", "--log l.txt: the file must end in .csv or .jsonl"),
        ("--save", "/nowhere/p.npz", "there is no folder /nowhere"),
        ("--checkpoint", "/nowhere/k.npz", "there is no folder /nowhere"),
    ],
)
def test_a_place_that_cannot_be_written_is_said_before_the_run(option, place, message):
    answer = run("train", "digits-net", "--data", "digits", "-e", 10**9, option, place)
    assert answer.exit_code == 1
    assert message in answer.output
    assert "epoch" not in answer.output


def test_a_dry_run_counts_and_trains_nothing(tmp_path):
    answer = run("train", "digits-net", "--data", "digits", "--dry-run", "--save", tmp_path / "p.npz")
    assert answer.exit_code == 0, answer.output
    assert answer.output.startswith("parameters      6,750\none step on a batch of 32\n")
    assert "contractions  514,560" in answer.output  # 32 · (2 · 64 · 60 + 3 · 60 · 40 + 3 · 40 · 10)
    assert not list(tmp_path.iterdir())


def test_find_rate(tmp_path):
    answer = run("train", "digits-net", "--data", "digits", "--find-rate", "--plot", tmp_path / "r.svg")
    assert answer.exit_code == 0, answer.output
    assert 0.02 < float(answer.output.split("a tenth of that, ")[1].split(",")[0]) < 1
    assert "learning rate" in (tmp_path / "r.svg").read_text()


def test_a_gpt_learns_a_text(tmp_path):
    (tmp_path / "t.txt").write_text("abcdefgh" * 40)
    answer = run(
        "train", "gpt", "--text", tmp_path / "t.txt", "--length", 8, "--method", "adam", "-r", 0.005, "-e", 12,
        "--dtype", "float32", "--batch-size", 8, "--sample", 6,
    )  # fmt: skip
    assert answer.exit_code == 0, answer.output
    assert "abcdefgh" in answer.output
    refused = run("train", "digits-net", "--text", tmp_path / "t.txt")
    assert refused.exit_code == 1
    assert "has no tokens and length to choose" in refused.output
    assert run("train", "gpt", "--text", tmp_path / "t.txt", "--data", "iris").exit_code == 2


TINY = """
from symbolic import cross_entropy, tensor
from symbolic.language.gallery.transformers import GPT

tokens, following = tensor("tokens", 11, dtype="int"), tensor("following", 6, role="target", dtype="int")
loss = cross_entropy(GPT(3, 11, 16, 2, 1)(tokens)[5:].named("s"), following)
"""


def test_a_gpt_sorts_what_it_has_not_seen(tmp_path):
    (tmp_path / "tiny.py").write_text(TINY)
    answer = run(
        "train", tmp_path / "tiny.py", "--data", "sorting", "--method", "adam", "-r", 0.005, "-b", 64, "-e", 1,
        "--dtype", "float32",
    )  # fmt: skip
    assert answer.exit_code == 0, answer.output
    pairs = [row.split(" → ") for row in answer.output.splitlines() if " → " in row][:3]
    assert all(right.split() == sorted(left.split()) for left, right in pairs)


def test_gallery_lists_every_model():
    from symbolic.language.gallery import GALLERY

    assert run("gallery", "--names").output.split() == list(GALLERY)
    assert all(entry.title in run("gallery").output for entry in GALLERY.values())


@pytest.mark.parametrize(("suffix", "start"), [(".svg", "<svg"), (".dot", "digraph"), (".tex", "\\begin{tikzpicture}")])
def test_diagrams_are_written(tmp_path, suffix, start):
    answer = run("diagram", "example-net", "--gradients", "-o", tmp_path / f"d{suffix}")
    assert answer.exit_code == 0, answer.output
    assert (tmp_path / f"d{suffix}").read_text().startswith(start)
