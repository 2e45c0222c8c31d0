"""Sphinx configuration of the documentation site: built by `make docs`, loads nothing remote."""

from __future__ import annotations

import shutil
from importlib.metadata import version as installed
from pathlib import Path

HERE = Path(__file__).parent

project = "pandakit"
author = "The pandakit founders"
project_copyright = author
version = release = installed("pandakit")

# The notebooks are shown as they were executed in the repository.
shutil.copytree(HERE.parent / "notebooks", HERE / "notebooks", dirs_exist_ok=True)

extensions = ["myst_nb", "numpydoc", "sphinx.ext.autodoc"]
exclude_patterns = ["_build", "decisions/_template.md"]
html_theme = "furo"
html_title = f"pandakit {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}

autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80
add_module_names = False
default_role = "code"  # what single backticks mean in docstrings
numpydoc_show_class_members = False
toc_object_entries_show_parents = "hide"

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
nb_execution_mode = "off"
nb_mime_priority_overrides = [("html", "text/html", 0)]  # what widgets show without a kernel
nb_ipywidgets_js = {}  # the widgets' viewer would come from a CDN
