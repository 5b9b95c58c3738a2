"""Sphinx: how the site is built; `make docs` builds it, without a network."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import fishcount

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from reference_pages import write_pages  # noqa: E402  (lies beside this file)

project = "fishcount"
author = "The fishcount developers"
copyright = author  # noqa: A001  (the name that Sphinx reads)
release = version = fishcount.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "numpydoc",
]
exclude_patterns = ["_build"]
templates_path = ["_templates"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "none"
autodoc_preserve_defaults = True
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
default_role = "code"

html_theme = "furo"
html_title = f"fishcount {release}"
html_static_path = ["_static"]
html_css_files = ["fishcount.css"]
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "sidebar_hide_name": False,
    "footer_icons": [],
    "light_css_variables": {
        "color-brand-primary": "#8b1a5f",
        "color-brand-content": "#8b1a5f",
    },
    "dark_css_variables": {
        "color-brand-primary": "#e58ac2",
        "color-brand-content": "#e58ac2",
    },
}
pygments_style = "friendly"
pygments_dark_style = "github-dark"
# "--help" must not become a dash.
smartquotes = False
# Tests see that every page is listed, and what is listed is there.
suppress_warnings = ["toc.not_readable"]

GENERATED = HERE / "reference" / "generated"
# Pages of what is no longer there would be built, too, and fail.
shutil.rmtree(GENERATED, ignore_errors=True)
write_pages(GENERATED)
