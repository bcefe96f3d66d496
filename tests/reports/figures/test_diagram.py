"""Block diagrams: what is drawn follows from the program; what is placed keeps its distance."""

import itertools
import shutil
import subprocess
from collections import Counter
from xml.etree import ElementTree

import numpy as np
import pytest

from numeric.output import OutputError
from reports.figures.blocks import FOLDS, block_diagram
from reports.figures.exports import to_dot, to_png, to_tikz
from reports.figures.labels import label
from reports.figures.rows import in_rows
from reports.figures.svg import WIDEST, arranged, size_of, to_svg
from symbolic import tensor


def net(depth, residual=False, name="{}_{}"):
    z, y = tensor("x", "n0"), tensor("y", "n0" if residual else f"n{depth}", role="target")
    for k in range(1, depth + 1):
        m, n = ("n0", "n0") if residual else (f"n{k}", f"n{k - 1}")
        W = tensor(name.format("W", k), (m, n), role="parameter")
        b = tensor(name.format("b", k), (m,), role="parameter")
        s = (W @ z + b).named(name.format("s", k))
        z = (np.tanh(s) + (z if residual else 0)).named(name.format("z", k))
    return np.sum((z - y) ** 2).named("C")


def shared():
    x, w = tensor("x", "n"), tensor("w", "n n", role="parameter")
    a = (w @ x).named("a")
    return np.sum((w @ a) ** 2).named("C")


def scalar():
    w, x, y = tensor("w", "n", role="parameter"), tensor("x", "n"), tensor("y", role="target")
    return ((y - w @ x) ** 2).named("C")


PROGRAMS = {
    "two": lambda: net(2),
    "residual": lambda: net(3, True),
    "deep": lambda: net(9),
    "shared": shared,
    "one box": scalar,
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
@pytest.mark.parametrize("gradients", [False, True])
def test_nodes_keep_their_distance_and_arrows_run_forward(program, gradients):
    diagram = block_diagram(program(), gradients=gradients, fold=False)
    layout = arranged(diagram)
    boxes = {}
    for node in diagram.nodes:
        (x, y), size = layout.centres[node.key], size_of(node, label(node.label))
        boxes[node.key] = (x - size.width / 2, y - size.height / 2, x + size.width / 2, y + size.height / 2)
        assert boxes[node.key][0] >= 0
        assert boxes[node.key][1] >= 0
        assert boxes[node.key][2] <= layout.width
        assert boxes[node.key][3] <= layout.height
    for a, b in itertools.combinations(boxes.values(), 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    for edge in diagram.edges:
        (ax, ay), (bx, by) = layout.centres[edge.source], layout.centres[edge.target]
        assert bx > ax or by > ay


def test_a_chain_is_drawn_level():
    diagram = block_diagram(net(2))
    heights = {arranged(diagram).centres[n.key][1] for n in diagram.nodes if n.kind in ("computed", "function", "cost")}
    assert max(heights) - min(heights) < 1e-6


def test_a_wide_drawing_continues_in_another_row():
    diagram = block_diagram(net(9), fold=False)
    layout = arranged(diagram)
    assert layout.width <= WIDEST
    nodes = {n.words: layout.centres[n.key] for n in diagram.nodes}
    assert nodes["s_9"][1] > nodes["s_1"][1]
    for before, after in (("s_1", "z_1"), ("z_8", "s_9")):
        (ax, ay), (bx, by) = nodes[before], nodes[after]
        assert by > ay + 30 or (abs(by - ay) < 1e-6 and bx > ax)


def test_the_symbols_are_the_chapters():
    diagram = block_diagram(net(1))
    kinds = {n.words: n.kind for n in diagram.nodes}
    assert {k: kinds[k] for k in ("x", "y", "s_1", "z_1", "C")} == {
        "x": "observed", "y": "observed", "s_1": "computed", "z_1": "computed", "C": "cost"
    }  # fmt: skip
    assert sorted(n.kind for n in diagram.nodes if n.kind in ("parameter", "function")) == [
        "function",
        "function",
        "parameter",
    ]
    ends = {e.source for e in diagram.edges} | {e.target for e in diagram.edges}
    assert ends == {n.key for n in diagram.nodes}


def test_a_run_of_alike_modules_is_folded_and_counted():
    whole, folded = block_diagram(net(9), fold=False), block_diagram(net(9))
    assert len(folded.nodes) < len(whole.nodes) / 2
    (fold,) = (n for n in folded.nodes if n.kind == "fold")
    assert "9" in fold.label
    assert {"s_1", "s_9"} <= {n.words for n in folded.nodes}
    assert not {"s_2", "s_8"} & {n.words for n in folded.nodes}
    assert not [n for n in block_diagram(net(3)).nodes if n.kind == "fold"]


def test_a_shared_parameter_stands_above_each_of_its_boxes():
    diagram = block_diagram(shared(), gradients=True)
    copies = [n.key for n in diagram.nodes if n.kind == "parameter"]
    assert [n.words for n in diagram.nodes if n.kind == "parameter"] == ["w", "w"]
    assert [e.gradient for e in diagram.edges if e.source in copies] == [
        "",
        "",
    ]  # a part of the gradient, without its name


def recurrent(steps):
    x, y, h = tensor("x", (steps, "n")), tensor("y", "m", role="target"), tensor("h_0", "m")
    W, U = tensor("W", "m n", role="parameter"), tensor("U", "m m", role="parameter")
    for k in range(steps):
        s = (W @ x[k]).named(f"s_{k + 1}")
        h = np.tanh(U @ h + s).named(f"h_{k + 1}")
    return np.sum((h - y) ** 2).named("C")


def test_steps_in_time_are_a_chain_with_what_feeds_each():
    diagram = block_diagram(recurrent(6))
    words = [n.words for n in diagram.nodes]
    assert {"h_1", "h_6", "s_1", "s_6"} <= set(words)
    assert not {"h_2", "s_2", "h_5", "s_5"} & set(words)
    assert [n.kind for n in diagram.nodes].count("fold") == 1
    assert words.count("x") == 2
    assert [n.kind for n in block_diagram(recurrent(3)).nodes].count("fold") == 0


def fan(width):
    """One variable read by many alike modules, of which none reads another."""
    x, parts = tensor("x", "n"), []
    for k in range(width):
        parts.append((tensor(f"w_{k}", "n", role="parameter") @ x).named(f"s_{k}"))
    return sum(parts[1:], parts[0]).named("C")


def test_modules_beside_each_other_are_no_chain_to_fold():
    diagram = block_diagram(fan(6))
    assert not [n for n in diagram.nodes if n.kind == "fold"]
    assert {f"s_{k}" for k in range(6)} <= {n.words for n in diagram.nodes}


def test_wires_that_cross_to_the_next_row_have_lanes_of_their_own():
    diagram = block_diagram(recurrent(9), fold=False, gradients=True)
    level = Counter()
    for route in arranged(diagram).routes.values():
        for (ax, ay), (bx, by) in itertools.pairwise(route):
            if ay == by and bx < ax:  # back to the left margin
                level[round(ay, 3)] += 1
    assert len(level) > 1
    assert set(level.values()) == {1}


def test_gradients_flow_where_parameters_are():
    flows = {(e.source[0], e.target[0]): e.gradient for e in block_diagram(net(1), gradients=True).edges}
    assert flows["w", "f"] is not None
    assert flows["f", "t"] is not None
    diagram = block_diagram(net(1), gradients=True)
    x = next(n.key for n in diagram.nodes if n.words == "x")
    assert all(e.gradient is None for e in diagram.edges if e.source == x)
    assert all(e.gradient is None for e in block_diagram(net(1)).edges)


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_svg_is_well_formed_and_says_what_it_shows(program):
    diagram = block_diagram(program(), gradients=True)
    root = ElementTree.fromstring(to_svg(diagram))
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == diagram.description()
    assert "C" in diagram.description()


def test_description_reads_like_a_sentence():
    assert block_diagram(scalar()).description() == "Block diagram: the cost C is computed from y, x and w."


def test_dot_has_every_node_and_edge():
    diagram = block_diagram(net(2))
    text = to_dot(diagram)
    assert text.count("->") == len(diagram.edges)
    assert text.count("label=") == len(diagram.nodes)


def test_png_is_an_image(tmp_path):
    pytest.importorskip("typst")
    to_png(block_diagram(net(1)), tmp_path / "d.png")
    assert (tmp_path / "d.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(OutputError, match="there is no folder"):
        to_png(block_diagram(net(1)), tmp_path / "none" / "d.png")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
def test_tikz_compiles(tmp_path):
    picture = to_tikz(block_diagram(net(9), gradients=True, fold=False))
    assert ".. controls" in to_tikz(block_diagram(net(3, True)))
    source = (
        r"\documentclass{article}\usepackage{amsmath,amssymb,tikz}\usetikzlibrary{shapes.misc}\begin{document}"
        + picture
    )
    (tmp_path / "d.tex").write_text(source + r"\end{document}", encoding="utf-8")
    command = ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "d.tex"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout[-800:]


def test_a_command_in_a_name_is_seen_in_tikz_and_not_obeyed():
    x, w = tensor("x", "n"), tensor("w", "n", role="parameter", tex=r"\input{secret} \write18{rm}")
    picture = to_tikz(block_diagram(np.sum(w * x).named("C"), gradients=True))
    assert r"\input" not in picture
    assert r"\write" not in picture
    assert r"\unknowncommand{input}" in picture


def test_long_alike_stretches_are_drawn_once():
    h = tensor("x", "n")
    for k in range(3):
        for j in range(9):
            h = [np.tanh, np.sin, np.exp, np.cos, np.cosh, np.sinh, np.sqrt, np.square, np.arctan][j](h)
            h = h.named(f"h_{9 * k + j}")
    diagram = block_diagram(np.sum(h * tensor("w", "n", role="parameter")))
    assert [n.kind for n in diagram.nodes if n.kind in FOLDS] == ["rest"]
    assert "3 alike stretches, of which the first is drawn" in diagram.description()
    assert sum(n.kind == "function" for n in diagram.nodes) == 9


def test_of_what_is_long_and_irregular_the_ends_are_drawn():
    h = tensor("x", "n")
    coin = np.random.default_rng(1).integers(2, size=200)
    for k in range(1, 200):
        h = [np.tanh, np.sin][coin[k]](h).named(f"h_{k}")
    diagram = block_diagram(np.sum(h * tensor("w", "n", role="parameter")))
    assert len(diagram.nodes) < 70
    assert any(n.kind == "middle" for n in diagram.nodes)
    ends = {n.key for n in diagram.nodes}
    assert all({e.source, e.target} <= ends for e in diagram.edges)


def test_a_reshape_is_called_so_and_a_rearrangement_is_not():
    x, w = tensor("x", (2, 3, 4)), tensor("w", 24, role="parameter")
    flat, turned = np.reshape(x, 24).named("flat"), np.reshape(np.transpose(x, (1, 0, 2)), 24).named("turned")
    boxes = {n.words for n in block_diagram(np.sum(flat * turned * w)).nodes if n.kind == "function"}
    assert "reshape(x)" in boxes
    assert len(boxes) == 2


def test_a_gated_net_fits_a_column_and_its_rows_end_where_few_wires_are_cut():
    from reports.commands.models import find

    layout = arranged(block_diagram(find("gru-net").loss, gradients=True, fold=False))
    assert layout.width <= WIDEST  # with the room for what passes from row to row
    rows = in_rows({k: [f"n{k}"] for k in range(6)}, {}, {f"n{k}": 100.0 * k for k in range(6)},
                   {f"n{k}": 100.0 * k + 90 for k in range(6)}, 400, {1: 1, 2: 4, 3: 1, 4: 5, 5: 1})  # fmt: skip
    assert rows == [[0, 1, 2], [3, 4, 5]]
