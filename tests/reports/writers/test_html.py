"""The page is well-formed, self-contained, accessible, and means nothing that a document did not say."""

import itertools
import re
from dataclasses import dataclass
from xml.etree import ElementTree

import pytest

from reports.document.model import (
    STATUSES,
    Code,
    Document,
    DocumentError,
    Figure,
    Formula,
    Link,
    Mark,
    Math,
    Paragraph,
    Section,
    Step,
    Steps,
    walk,
)
from reports.writers.html import SIGNS, html
from tests.reports.documents import HOSTILE, SVG, hostile, rich


@pytest.fixture(scope="module")
def page():
    return ElementTree.fromstring(html(rich()))


@pytest.fixture(scope="module")
def hostile_page():
    return ElementTree.fromstring(html(hostile()))


def words(element):
    return "".join(element.itertext())


def test_nothing_runs_and_nothing_is_fetched(page, hostile_page):
    for root in (page, hostile_page):
        for node in root.iter():
            assert node.tag.rsplit("}")[-1] not in (
                "script",
                "iframe",
                "object",
                "embed",
                "link",
                "form",
                "base",
                "img",
            )
            assert not [name for name in node.attrib if name.lower().startswith("on")]
            for name in ("href", "src"):
                assert node.get(name, "#").startswith(("#", "https://"))
    policy = page.find(".//meta[@http-equiv='Content-Security-Policy']").get("content")
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "http" not in policy
    assert "http" not in page.find(".//style").text


def test_the_policy_names_the_style_sheet_that_is_there(page):
    import base64
    import hashlib

    digest = base64.b64encode(hashlib.sha256(page.find(".//style").text.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in page.find(".//meta[@http-equiv='Content-Security-Policy']").get("content")


def test_hostile_words_are_shown_as_they_are(hostile_page):
    shown = words(hostile_page)
    for name in HOSTILE:
        assert shown.count(name.replace("\u202e", "\ufffd")) >= 12, name
    assert "\u202e" not in shown, "a mark that reverses what follows it"


def test_ids_differ_and_links_arrive(page, hostile_page):
    for root in (page, hostile_page):
        ids = [node.get("id") for node in root.iter() if node.get("id")]
        assert len(ids) == len(set(ids))
        targets = [node.get("href")[1:] for node in root.iter() if node.get("href", "").startswith("#")]
        assert set(targets) <= set(ids)
        labelled = [node.get("aria-labelledby") for node in root.iter() if node.get("aria-labelledby")]
        assert labelled
        assert set(labelled) <= set(ids)


def test_headings_descend_by_one(page):
    levels = [int(node.tag[1]) for node in page.iter() if re.fullmatch("h[1-6]", str(node.tag))]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_landmarks_and_language(page):
    assert page.get("lang") == "en"
    for landmark in ("header", "main", "nav", "footer"):
        assert len(page.findall(f".//{landmark}")) == 1
    assert ElementTree.fromstring(html(rich("it"))).get("lang") == "it"
    assert "Passaggio 1" in words(ElementTree.fromstring(html(rich("it"))))


def test_every_formula_and_figure_has_a_name_and_its_source(page):
    formulas = page.findall(".//math")
    assert len(formulas) > 20
    for formula in formulas:
        assert formula.get("aria-label")
        assert formula.find("semantics/annotation[@encoding='application/x-tex']").text
    (drawing,) = page.iter("{http://www.w3.org/2000/svg}svg")
    assert drawing.get("role") == "img"
    assert drawing.get("aria-label").startswith("x enters")
    ids = {node.get("id"): node for node in page.iter() if node.get("id")}
    for node in (*page.iter("figure"), *page.iter("table")):
        named = ids.get(node.get("aria-labelledby"), node.find("caption"))
        assert node.get("aria-label") or words(named)


def test_tables_have_captions_and_scopes(page):
    table = page.findall(".//table")[0]
    assert words(table.find("caption")) == "Every symbol used below"
    assert [head.get("scope") for head in table.findall("thead//th")] == ["col"] * 4
    assert [head.get("scope") for head in table.findall("tbody//th")] == ["row"] * 3
    assert table.findall("tbody/tr")[0][3].get("class") == "at-right"


def test_each_style_shows_one_telling_of_each_statement(page):
    (statement,) = (node for node in page.iter("div") if node.get("id") == "cost")
    shown = [node.get("class").split() for node in statement.findall("div")]
    for style in ("index", "matrix", "perturbation"):
        assert sum(f"for-{style}" in kinds for kinds in shown) == 1
    second = page.findall(".//section[@id='net-2']//div[@class]")
    stand_ins = [node for node in second if "stands-in-perturbation" in node.get("class")]
    assert len(stand_ins) == 1
    assert words(stand_ins[0].find("div[@class='telling-name']")) == "Index notation"


def test_switches_are_radio_buttons_only_where_there_is_a_choice(page):
    radios = {node.get("id"): node.get("checked") for node in page.iter("input")}
    assert set(radios) == {f"style-{s}" for s in ("index", "matrix", "perturbation", "all")} | {
        f"level-{n}" for n in (0, 1, 2)
    }
    assert [name for name, checked in radios.items() if checked] == ["style-matrix", "level-1"]
    style = page.find(".//style").text
    assert all(f"#{name}:checked" in style for name in radios if name != "level-2")
    assert not list(ElementTree.fromstring(html(Document("t", [Formula("x")]))).iter("input"))


def test_steps_say_what_they_rest_on(page):
    second = page.find(".//section[@id='net-2']")
    assert "level-1" in second.get("class")
    assert words(second.find(".//dl")).startswith("Rulechain rule")
    assert [link.get("href") for link in second.findall(".//dd/a")] == ["#net-1"]
    assert second.find("details").get("open")
    assert page.find(".//section[@id='net-4']/details").get("open") is None


def test_terms_carry_their_class(page):
    assert page.findall(".//mrow[@class='t1']")
    style = page.find(".//style").text
    assert len(set(re.findall(r"\.t\d \{[^}]*border-bottom: ([^v]*)var", style))) == 8 - 1, (
        "each colour has a rule of its own"
    )


def test_every_status_has_its_own_sign():
    assert set(SIGNS) == set(STATUSES)
    assert len(set(SIGNS.values())) == len(STATUSES)


def test_a_link_with_another_scheme_is_words():
    text = html(Document("t", [Paragraph(Link("javascript:alert(1)", "press"))]))
    assert "javascript" not in text
    assert "press" in text


def test_drawings_are_cleaned():
    svg = SVG.replace("<g ", "<script>x</script><style>* {color: red}</style><g onclick='x' ", 1)
    twice = ElementTree.fromstring(html(Document("t", [Figure(svg, "one"), Figure(svg, "two")])))
    ids = [node.get("id") for node in twice.iter("{http://www.w3.org/2000/svg}marker")]
    assert ids == ["figure-1-tip", "figure-2-tip"]
    assert {node.get("marker-end") for node in twice.iter() if node.get("marker-end")} == {
        "url(#figure-1-tip)",
        "url(#figure-2-tip)",
    }
    assert len(list(twice.iter("style"))) == 1
    with pytest.raises(DocumentError, match="must be well-formed SVG"):
        html(Document("t", [Figure("<svg", "one")]))
    with pytest.raises(DocumentError, match="must hold an svg element, got html"):
        html(Document("t", [Figure("<html/>", "one")]))


def test_an_unknown_node_raises_with_its_type():
    @dataclass(frozen=True)
    class Sound:
        name: str

    section = Section("t", [])
    object.__setattr__(section, "blocks", (Sound("a"),))
    with pytest.raises(DocumentError, match="knows no block Sound"):
        html(Document("t", [section]))
    paragraph = Paragraph("t")
    object.__setattr__(paragraph, "content", (Sound("a"),))
    with pytest.raises(DocumentError, match="knows no inline Sound"):
        html(Document("t", [paragraph]))


def test_a_program_of_a_thousand_equations_stays_small():
    formula = Formula(styles={"index": r"\delta_i = \sum_k W_{ki} \delta_k", "matrix": r"\delta = W^\top \delta"})
    steps = [
        Step(n, f"Equation {n}", formula, "chain rule", Math("[m]"), code=Code("d = W.T @ d")) for n in range(1, 1001)
    ]
    document = Document("Deep", [Section("All", [Steps(steps, id="deep")])])
    assert sum(isinstance(node, Step) for node in walk(document)) == 1000
    assert len(html(document).encode()) < 5_000_000


def test_a_mark_is_more_than_its_colour():
    assert "✗" in html(Document("t", [Paragraph(Mark("refuted"))]))
    assert "refuted" in html(Document("t", [Paragraph(Mark("refuted"))]))
