"""JupyterLab and Chromium, as a user has them: started by the tests, driven over WebDriver."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import nbformat
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE = 90  # seconds, for a busy machine; a wait ends as soon as it is over

# For each visible piece of text below a selector: its contrast with what is behind it (WCAG 2.2),
# and the contrast that AA asks for, which is lower for large text.
CONTRASTS = """
const numbers = text => {
  const parts = text.match(/[\\d.]+/g).map(Number);
  const unit = text.startsWith("color(") ? 255 : 1;
  return [...parts.slice(0, 3).map(part => part * unit), parts[3] ?? 1];
};
const over = (front, back) => front.slice(0, 3).map(
  (part, at) => part * front[3] + back[at] * (1 - front[3]));
const luminance = colour => colour.slice(0, 3)
  .map(part => part / 255)
  .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
  .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
const behind = element => {
  const layers = [];
  for (let at = element; at; at = at.parentElement) {
    layers.push(numbers(getComputedStyle(at).backgroundColor));
  }
  return layers.reverse().reduce((back, layer) => over(layer, back), [255, 255, 255]);
};
const found = [];
for (const root of document.querySelectorAll(arguments[0])) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || element.closest("style,script") || !element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const back = behind(element);
    const [one, two] = [luminance(over(numbers(style.color), back)), luminance(back)];
    const size = parseFloat(style.fontSize), bold = style.fontWeight >= 700;
    found.push({
      text, colour: style.color, back: back.map(Math.round).join(),
      ratio: (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05),
      least: size >= 24 || (bold && size >= 18.66) ? 3 : 4.5,
    });
  }
}
return found;
"""


@contextlib.contextmanager
def chromium():
    """Yield a driver of Debian's Chromium without a window; skip where there is none."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not browser or not driver:
        pytest.skip("no Chromium with its driver: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in (
        "--headless=new",
        "--no-sandbox",  # which needs rights that containers lack
        "--disable-dev-shm-usage",
        "--force-device-scale-factor=1",
        "--window-size=1200,1400",
    ):
        options.add_argument(argument)
    started = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield started
    finally:
        started.quit()


@contextlib.contextmanager
def jupyterlab(folder):
    """Yield the address of a JupyterLab that serves the folder."""
    settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    places = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
    env = {**os.environ, **{f"JUPYTER_{place}": str(folder / place) for place in places}}
    env["JUPYTERLAB_SETTINGS_DIR"] = str(folder / "settings")
    env["JUPYTERLAB_WORKSPACES_DIR"] = str(folder / "workspaces")
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--ServerApp.port={port}", f"--ServerApp.root_dir={folder}"]
    command += ["--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True"]
    with (folder / "lab.log").open("w") as log:
        server = subprocess.Popen(command, env=env, cwd=folder, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(url + "/api", folder / "lab.log")
        yield url
    finally:
        server.terminate()
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:  # its kernel does not always end when it is told to
            server.kill()


def _wait_for(url, log):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - our own server
            return
        time.sleep(0.2)
    pytest.fail(log.read_text()[-3000:])


def write_notebook(path, cells):
    """Write a notebook with these cells, not executed."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(notebook, path)


def wait_until(driver, script, *arguments):
    """Return what a script returns, as soon as it is something."""
    return WebDriverWait(driver, PATIENCE).until(
        lambda _: driver.execute_script(script, *arguments)
    )


def run_all(driver, url, notebook):
    """Open a notebook in JupyterLab, run all its cells, and save it."""
    driver.get(f"{url}/lab/tree/{notebook}")
    ready = "return window.jupyterapp && document.querySelectorAll('.jp-Notebook .jp-Cell').length"
    wait_until(driver, ready)
    _run_command(driver, "notebook:run-all-cells")
    prompts = (
        "return [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]"
        ".every(each => /\\[\\d+\\]/.test(each.textContent))"
    )
    wait_until(driver, prompts)
    _run_command(driver, "docmanager:save")


def change_theme(driver, theme):
    """Show JupyterLab in a theme."""
    _run_command(driver, "apputils:change-theme", theme=theme)
    wait_until(driver, "return document.body.dataset.jpThemeName === arguments[0]", theme)


def _run_command(driver, command, **arguments):
    """Run a command of JupyterLab, once the notebook is ready for it."""
    failure = driver.execute_async_script(
        """
        const [command, args, done] = arguments, app = window.jupyterapp;
        const panel = () => [...app.shell.widgets("main")].find(each => each.sessionContext);
        const run = async () => {
          await panel().context.ready;
          await panel().sessionContext.ready;
          await app.commands.execute(command, args);
        };
        run().then(() => done(null), error => done(String(error)));
        """,
        command,
        arguments,
    )
    assert failure is None, failure
