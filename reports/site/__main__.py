"""``python -m reports.site OUT``: build the documentation site."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import click

from symbolic.errors import ChainruleError

HERE = Path(__file__).parent
NEEDED = ("sphinx", "myst_parser", "furo")


class SiteError(ChainruleError):
    """A site that cannot be built."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--reports/--no-reports", default=True, help="Write the report of every model of the gallery, too.")
@click.option("--jobs", "-j", default=2, show_default=True, help="Processes that work at a time.")
def main(out: Path, reports: bool, jobs: int) -> None:
    """Build the documentation into the folder OUT; open OUT/index.html.

    The examples of every page are run; one that fails fails the build, as any warning does. What has not changed since
    the last build into OUT is kept.
    """
    try:
        build(out, reports, jobs)
    except ChainruleError as error:
        click.echo(f"reports.site: {error}", err=True)
        sys.exit(1)


def build(out: Path, reports: bool = True, jobs: int = 2) -> None:
    """Build the site into ``out``. Raises ``SiteError`` without Sphinx, and where Sphinx fails."""
    from reports.site.gallery import FOLDER, write_reports

    if missing := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
        raise SiteError(f"the documentation needs {', '.join(missing)}: pip install 'chainrule[docs]'")
    from sphinx.cmd.build import build_main

    failures = write_reports(out / FOLDER, jobs, lambda line: click.echo(line, err=True)) if reports else []
    if failures:
        raise SiteError("reports of the gallery could not be written\n" + "\n".join(failures))
    settings = ["-b", "html", "-c", str(HERE), "-W", "--keep-going", "--fresh-env", "-q", "-j", str(jobs)]
    code = build_main([*settings, str(HERE / "pages"), str(out)])
    if code:
        raise SiteError("the site was not built; what is wrong is said above")


if __name__ == "__main__":
    main(prog_name="python -m reports.site")
