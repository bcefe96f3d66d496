"""The document model refuses what no writer could print, and keeps what it is given."""

import dataclasses

import pytest

from reports.document import model
from reports.document.model import (
    Code,
    Column,
    Document,
    DocumentError,
    Emphasis,
    Figure,
    Fold,
    Formula,
    Link,
    List,
    Mark,
    Math,
    Note,
    Paragraph,
    Section,
    Step,
    Steps,
    Table,
    Text,
    plain,
    walk,
)


def test_strings_become_text_and_iterables_become_tuples():
    paragraph = Paragraph(["a ", Emphasis("b", strong=True), Link("#c", "c")])
    assert paragraph.content == (Text("a "), Emphasis((Text("b"),), strong=True), Link("#c", (Text("c"),)))
    assert Section("t", iter(["p"])).blocks == (Paragraph("p"),)
    assert Paragraph("") == Paragraph(())


def test_every_node_is_frozen():
    for kind in (*model.INLINES, *model.BLOCKS, Document, Step, Column):
        assert dataclasses.is_dataclass(kind)
        assert kind.__dataclass_params__.frozen, kind


def test_metadata_and_styles_cannot_be_changed_afterwards():
    given = {"index": "a_i"}
    formula = Formula(styles=given)
    given["matrix"] = "a"
    assert dict(formula.styles) == {"index": "a_i"}
    with pytest.raises(TypeError):
        formula.styles["matrix"] = "a"
    with pytest.raises(TypeError):
        Document("t", [], metadata={"a": "b"}).metadata["a"] = "c"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Paragraph([Formula("x")]), "an inline must stand here .* got Formula"),
        (lambda: Paragraph(3), "an inline must stand here .* got int: 3"),
        (lambda: Section("t", [Text("x")]), "a block must stand here .* got Text"),
        (lambda: Section("t", [None]), "a block must stand here .* got NoneType"),
        (lambda: Formula(""), "there is no LaTeX in it"),
        (lambda: Formula(styles={"matrx": "x"}), "got 'matrx'. Did you mean 'matrix'"),
        (lambda: Step(1, "t", Formula("x"), level=3), "level must be one of 0, 1, 2, got 3"),
        (lambda: Steps(["x"]), "a Step must stand here, got str"),
        (lambda: Steps([Step(1, "t", Formula("x")), Step(1, "u", Formula("x"))]), "must differ"),
        (lambda: Steps([Step(1, "t", Formula("x"), inputs=[7])]), "step 1 uses step 7"),
        (lambda: Table(["a", "b"], [["1"]]), "row 1 has 1 cells where 2 columns"),
        (lambda: Column("a", align="centre"), "Did you mean 'center'"),
        (lambda: Figure("<svg/>", alt=" "), "alt must say in words"),
        (lambda: Note("x", kind="remark"), "kind must be one of condition, warning, info"),
        (lambda: Mark("true"), "status must be one of proved"),
    ],
)
def test_what_no_writer_could_print_is_refused(make, message):
    with pytest.raises(DocumentError, match=message):
        make()


def test_tellings_serve_every_style_once():
    both = Formula(styles={"matrix": "A", "index": "a"}).tellings()
    assert both == ((("index", "perturbation"), "a"), (("matrix",), "A"))
    assert Formula("x").tellings() == ((model.STYLES, "x"),)
    same = Formula(styles=dict.fromkeys(model.STYLES, "x"))
    assert same.tellings() == ((model.STYLES, "x"),)


def test_plain_words():
    assert plain(Paragraph(["a ", Math("x"), Code("f()"), Emphasis("b"), Link("#", "c"), Mark("agrees")]).content) == (
        "a xf()bcagrees"
    )


def test_walk_reaches_everything_in_order_at_any_depth():
    deep = Section("leaf", [Formula("x")])
    for level in range(3000):
        deep = Section(str(level), [deep])
    kinds = [type(node) for node in walk(deep)]
    assert kinds.count(Section) == 3001
    assert kinds[-1] is Formula

    page = Document("t", [Steps([Step(1, "s", Formula("x"), details=[Fold("f", [List(["i"])])])]), "end"])
    assert [node.text for node in walk(page) if isinstance(node, Text)] == ["t", "s", "f", "i", "end"]
