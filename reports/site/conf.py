"""Sphinx's settings for the documentation site; ``python -m reports.site`` reads them."""

from reports.document.version import version as installed

project = "chainrule"
author = "The chainrule developers"
copyright = "The chainrule developers. BSD-3-Clause"
version = release = installed()

extensions = ["myst_parser", "sphinx.ext.autodoc", "reports.site.extension"]
myst_enable_extensions = ["dollarmath", "deflist", "colon_fence"]
myst_heading_anchors = 3
smartquotes = False  # options begin with two hyphens
html_math_renderer = "mathml"

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
add_module_names = False
toc_object_entries_show_parents = "hide"
maximum_signature_line_length = 150
nitpicky = True
# Types in signatures that have no entry here: those of other libraries, and inner ones of the waist and of its ways in.
nitpick_ignore_regex = [
    (r"py:.*", r"(numpy|np|sp|sympy|scipy|click|collections|types|typing|pathlib|abc|os)\..*"),
    (r"py:.*", r"tuple\[.*"),  # Sphinx cuts tuple[Tensor, ...] of a default in two
    (r"py:.*", r"symbolic\.program\.facts\.Fact"),
    (r"py:.*", r"symbolic\.language\.(entries\.Entry|index_notation\.Predecessors)"),
    (r"py:.*", r"(.*\.)?Handle|symbolic\.notation\.dialect\.Latex"),
    (r"py:.*", r"numeric\.lowering\.program\.Program"),
]

html_theme = "furo"
html_title = "chainrule"
html_static_path = [
    "static",
    "../writers/page/mathematics.css",
    "../writers/fonts/stix-two-math-subset.woff2",
]
html_css_files = ["mathematics.css", "site.css"]
html_copy_source = False
html_show_sphinx = False
pygments_style = "tango"
pygments_dark_style = "monokai"
templates_path: list[str] = []
