"""Verifiers in JavaScript: Node with the packages of ``tests/interop/package-lock.json``, and a browser."""

from __future__ import annotations

import base64
import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "interop"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def answers(*questions: dict[str, Any]) -> list[dict[str, Any]]:
    """What ``answer.mjs`` says to each question; skips where Node or its packages are absent."""
    done = subprocess.run(
        [node(), FOLDER / "answer.mjs"], input=json.dumps(questions), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def node() -> str:
    """Node 20 or newer with the packages installed."""
    if not (FOLDER / "node_modules" / "canonicalize").is_dir():
        pytest.skip("no tests/interop/node_modules: run `npm ci` in tests/interop")
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not on PATH")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.lstrip("v").split(".")[0]) < 20:
        pytest.skip(f"node {version.strip()} is older than 20")
    return found


def in_browser(questions: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """The same answers by WebCrypto in a headless browser; skips where there is none."""
    node()  # for its packages
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        pytest.skip(f"no browser on PATH: {', '.join(BROWSERS)}")
    modules = {
        name: "data:text/javascript;base64," + base64.b64encode(path.read_bytes()).decode()
        for name, path in {
            "plain": FOLDER / "webcrypto.mjs",
            "jcs": FOLDER / "node_modules" / "canonicalize" / "lib" / "canonicalize.js",
        }.items()
    }
    page = folder / "page.html"
    page.write_text(
        f"""<!doctype html><meta charset="utf-8"><pre id="answers">none</pre><script type="module">
import {{ verify }} from {json.dumps(modules["plain"])};
import canonicalize from {json.dumps(modules["jcs"])};
const found = [];
for (const question of JSON.parse(atob("{base64.b64encode(json.dumps(questions).encode()).decode()}"))) {{
  try {{ found.push(await verify(question, {{ canonicalize, subtle: crypto.subtle }})); }}
  catch (error) {{ found.push({{ verified: false, error: String(error) }}); }}
}}
document.getElementById("answers").textContent = JSON.stringify(found);
</script>""",
        encoding="utf-8",
    )
    words = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
        f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=20000", "--dump-dom", page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    told = re.search(r'<pre id="answers">(.*?)</pre>', done.stdout, re.DOTALL)
    assert told, done.stderr[-2000:]
    return json.loads(html.unescape(told[1]))
