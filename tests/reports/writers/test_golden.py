"""One rich document through all writers, compared with golden files (written anew by --update-golden)."""

import re
from pathlib import Path

import pytest

from reports.writers import FORMATS, written
from tests.reports.documents import rich

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("language", ["en", "it"])
def test_rich_document(format, language, request):
    text = written(rich(language), format)
    if format == "html":
        text = without_style(text)
    path = GOLDEN / f"rich.{language}.{format}"
    if request.config.getoption("--update-golden"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


def without_style(page):
    """The page without its style sheet and font, which are files of their own already."""
    page = re.sub(r"(<style>).*?(</style>)", r"\1…\2", page, flags=re.DOTALL)
    return re.sub(r"sha256-[^']*", "sha256-…", page)
