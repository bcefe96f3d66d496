"""The documentation site: pages in Markdown whose examples run when it is built. ``python -m reports.site OUT``.

The pages ship with the program, so that whoever has it installed can build the documentation of that very version.
"""
