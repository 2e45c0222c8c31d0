"""What people see: cards, slider and plots in JupyterLab and in an export, light and dark."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from pandakit.widgets import consolidate_with_window
from tests.widgets import browser

THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
WINDOWS = ["10min", "1h", "24h"]
EVENTS = {
    "timestamp": [0, 1800, 7200, 20_000, 90_000, None],
    "status": ["critical", "warning", "unknown", "acknowledged", "critical", "ok"],
    "host": ["a", "b", "a", "b", "a", "<i>"],
    "check": list("vwxyzz"),
    "cluster": "c",
}
CELLS = [
    (
        "import pandas as pd, pandakit as pk\n"
        f"events = pd.DataFrame({EVENTS!r}).convert_dtypes()\n"
        "services = pk.connect('always')"
    ),
    "pk.consolidate(events)",
    "pk.consolidate(events).explain(1)",
    (
        "schema = pk.EnrichmentSchema('host', 'owner')\n"
        "rows = {'host': ['a ', 'b', 'b'], 'owner': ['x', 'y\\nz', '=1']}\n"
        "pk.validate_enrichment(pd.DataFrame(rows), schema)"
    ),
    "pk.validate_enrichment(pd.DataFrame({'host': ['a'], 'owner': ['b']}), schema)",
    "pk.apply_enrichment(events, pd.DataFrame({'host': ['A'], 'owner': ['x']}), schema)",
    "pk.CURRENT",
    "services",
    "services.bigpanda",
    f"pk.widgets.window_slider(events, windows={WINDOWS!r})",
    "pk.plots.funnel(pk.consolidate(events))",
    "rules = services.panther.rules(progress=True)\nlen(rules)",
]
SLIDER = next(at for at, cell in enumerate(CELLS) if "window_slider" in cell)


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    """The notebook in JupyterLab, all of its cells run, and saved."""
    folder = tmp_path_factory.mktemp("lab")
    browser.write_notebook(folder / "shown.ipynb", CELLS)
    with browser.chromium() as driver, browser.jupyterlab(folder) as url:
        browser.run_all(driver, url, "shown.ipynb")
        yield driver, folder


@pytest.fixture(scope="module", params=THEMES)
def page(request, notebook):
    """The notebook in one theme."""
    driver, folder = notebook
    browser.change_theme(driver, THEMES[request.param])
    return driver, request.param, folder


def is_dark(colour):
    """Return whether a background such as `rgb(17, 17, 17)` is a dark one."""
    return sum(int(part) for part in colour.strip("rgba()").split(",")[:3]) < 3 * 128


def unreadable(driver, selector):
    """Return the texts whose contrast is too low; there must be some texts at all."""
    texts = driver.execute_script(browser.CONTRASTS, selector)
    assert len(texts) > 10
    return [each for each in texts if each["ratio"] < each["least"]]


def test_every_text_can_be_read_in_the_theme(page):
    """Each text of each output has the contrast of WCAG AA, and cards are as dark as the theme."""
    driver, theme, folder = page
    driver.set_window_size(1200, 4400)
    driver.save_screenshot(str(folder / "lab.png"))
    assert unreadable(driver, ".jp-OutputArea-output") == []
    cards = driver.find_elements(By.CSS_SELECTOR, ".pk")
    assert len(cards) >= 5
    colours = {card.value_of_css_property("background-color") for card in cards}
    assert {is_dark(colour) for colour in colours} == {theme == "dark"}


@pytest.mark.filterwarnings("ignore::pandakit.errors.RejectedEventsWarning")
def test_moving_the_slider_changes_the_number_on_the_page(page):
    """At each window, the page shows the incidents that the function counts."""
    driver, _, _ = page
    events = pd.DataFrame(EVENTS).convert_dtypes()
    cell = driver.find_elements(By.CSS_SELECTOR, ".jp-CodeCell")[SLIDER]
    driver.execute_script("arguments[0].scrollIntoView()", cell)
    handle = cell.find_element(By.CSS_SELECTOR, ".noUi-handle")
    shown = []
    handle.send_keys(Keys.HOME)
    for position, window in enumerate(WINDOWS):
        if position:
            handle.send_keys(Keys.ARROW_RIGHT)
        count = len(consolidate_with_window(events, window).incidents)
        headline = f"{count} incident{'s' * (count != 1)}"
        browser.wait_until(
            driver,
            "return arguments[0].querySelector('.widget-readout').textContent === arguments[1]"
            " && arguments[0].querySelector('.pk').textContent.includes(arguments[2])",
            cell,
            {"10min": "10 min", "1h": "1 h", "24h": "24 h"}[window],
            headline,
        )
        shown.append(headline)
    assert len(set(shown)) > 1


COLUMNS = """
return [...document.querySelectorAll(".pk table")].flatMap(table => {
  const rows = [...table.rows].filter(row => row.querySelector("td"));
  return [...rows[0].cells].map((_, at) => rows.map(row => row.cells[at])
    .filter(cell => cell.textContent.trim())
    .map(cell => [cell.textContent.trim(), getComputedStyle(cell).textAlign]));
});
"""


def test_counts_stand_right_and_text_left(page):
    """In every table of a card, columns of counts are aligned right and words left."""
    driver, _, _ = page
    columns = [column for column in driver.execute_script(COLUMNS) if column]
    counts = [column for column in columns if all(is_count(text) for text, _ in column)]
    words = [cell for column in columns for cell in column if cell[0].isalpha()]
    assert len(counts) > 5
    assert len(words) > 20
    assert {align for column in counts for _, align in column} == {"right"}
    assert [word for word, align in words if align != "left"] == []


def is_count(text):
    """Return whether a cell is a whole number with separators."""
    return text.replace(",", "").isdigit()


def test_progress_is_gone_at_the_end(page):
    """A load with its progress shown leaves no line on the page."""
    driver, _, _ = page
    last = driver.find_elements(By.CSS_SELECTOR, ".jp-CodeCell")[-1]
    assert last.find_element(By.CSS_SELECTOR, ".jp-OutputArea").text.split() == [
        f"[{len(CELLS)}]:",
        "205",
    ]


@pytest.mark.parametrize("theme", THEMES)
def test_a_static_export_can_be_read(notebook, theme):
    """Exported as HTML, without a kernel and without scripts, the cards can be read as well."""
    _, folder = notebook
    command = [sys.executable, "-m", "nbconvert", "--to", "html", f"--output={theme}"]
    command += [f"--HTMLExporter.theme={theme}", str(folder / "shown.ipynb")]
    subprocess.run(command, check=True, capture_output=True)
    with browser.chromium() as driver:
        driver.execute_cdp_cmd("Network.enable", {})
        driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["http://*", "https://*"]})
        driver.get(Path(folder / f"{theme}.html").as_uri())
        assert unreadable(driver, ".pk") == []
        card = driver.find_element(By.CSS_SELECTOR, ".pk")
        assert is_dark(card.value_of_css_property("background-color")) == (theme == "dark")
