"""A real browser, driven over a pipe by the DevTools protocol; no library in between.

Each person gets a browser context of their own, with their own cookies. What a person
would do is all there is: open, fill in, choose, tick, press, read.
"""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

CHROMIUM: Final = shutil.which("chromium")
PATIENCE_SECONDS: Final = 40.0
_FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--remote-debugging-pipe",
)
# Finds what a person would, unfolding what is folded: by its words, all of them first.
_FIND: Final = """
(words, of, scope) => {
  const root = scope ? document.querySelector(scope) : document;
  if (!root) return undefined;
  document.querySelectorAll('details').forEach((e) => { e.open = true; });
  const told = (e) => (e.getAttribute('aria-label') || e.innerText || e.value || '').trim();
  const all = [...root.querySelectorAll(of)].filter((e) => e.offsetParent !== null);
  return all.find((e) => told(e) === words) || all.find((e) => told(e).startsWith(words));
}
"""
_FILL: Final = """
(selector, value) => {
  const field = document.querySelector(selector);
  if (!field) return `there is no ${selector}`;
  if (typeof value === 'boolean') field.checked = value;
  else field.value = value;
  if (field.tagName === 'SELECT' && field.value !== value) {
    return `${selector} offers ${[...field.options].map((o) => o.value)}`;
  }
  for (const kind of ['input', 'change']) {
    field.dispatchEvent(new Event(kind, {bubbles: true}));
  }
  return '';
}
"""


class NotFound(AssertionError):
    """The page has not what was looked for; says what it shows instead."""


class Chromium:
    """One browser process. Use it as a context manager."""

    def __init__(self, profile: Path) -> None:
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        self._process = subprocess.Popen(
            [
                "/bin/bash",
                "-c",
                # The browser reads from descriptor 3 and writes to 4. Other shells than bash
                # know descriptors of one digit only.
                f'exec "$0" "$@" 3<&{to_browser} 4>&{from_browser}',
                str(CHROMIUM),
                *_FLAGS,
                f"--user-data-dir={profile}",
            ],
            pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._number = 0
        self._left = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(Exception):
            self.ask("Browser.close")
        os.close(self._write)
        os.close(self._read)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def ask(
        self, method: str, *, session: str = "", **values: object
    ) -> dict[str, Any]:
        """Send one command and return its result; events on the way are passed over."""
        self._number += 1
        message: dict[str, object] = {
            "id": self._number,
            "method": method,
            "params": values,
        }
        if session:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        for answer in self._answers():
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise NotFound(f"{method}: {answer['error']}")
                return dict(answer["result"])
        raise NotFound(f"{method}: the browser has ended")

    def _answers(self) -> Iterator[dict[str, Any]]:
        while True:
            while b"\0" in self._left:
                one, _, self._left = self._left.partition(b"\0")
                yield json.loads(one)
            chunk = os.read(self._read, 1 << 16)
            if not chunk:
                return
            self._left += chunk

    def person(self, site: str, *, width: int = 1280) -> "Page":
        """Return a page with cookies of its own."""
        context = self.ask("Target.createBrowserContext")["browserContextId"]
        target = self.ask(
            "Target.createTarget", url="about:blank", browserContextId=context
        )["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        page = Page(self, site, session["sessionId"])
        page.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=1600,
            deviceScaleFactor=1,
            mobile=False,
        )
        return page


@dataclass
class Page:
    """What one person looks at."""

    browser: Chromium
    site: str
    session: str
    scope: str = ""

    def within(self, selector: str) -> "Page":
        """Return the same page, looked at only within an element, all of it unfolded."""
        unfold = (
            "(s) => document.querySelectorAll(s).forEach((e) => { e.open = true; })"
        )
        self.call(unfold, f"{selector} details")
        return replace(self, scope=selector)

    def ask(self, method: str, **values: object) -> dict[str, Any]:
        """Send a command about this page."""
        return self.browser.ask(method, session=self.session, **values)

    def run(self, script: str) -> Any:
        """Return what a script of the page's gives."""
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in answer:
            raise NotFound(f"{script[:200]}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def call(self, function: str, *values: object) -> Any:
        """Call a function of the page's with plain values."""
        return self.run(f"({function})({', '.join(json.dumps(v) for v in values)})")

    def open(self, path: str) -> Self:
        """Open an address of the site."""
        with self._new_document():
            self.ask("Page.navigate", url=f"{self.site}{path}")
        return self

    def sign_in(self, email: str, password: str) -> Self:
        """Sign in as a person would."""
        self.open("/sign-in/")
        return self.fill("username", email).fill("password", password).press("Sign in")

    def fill(self, name: str, value: str | bool) -> Self:
        """Fill in a field by its name."""
        if problem := self.call(_FILL, f'{self.scope} [name="{name}"]', value):
            raise NotFound(f"{problem} on {self.address}: {self.text[:2000]}")
        return self

    def tick(self, name: str, value: str) -> Self:
        """Choose one of several by the field's name and the choice's value."""
        selector = f'{self.scope} [name="{name}"][value="{value}"]'
        if problem := self.call(_FILL, selector, True):
            raise NotFound(f"{problem} on {self.address}: {self.text[:2000]}")
        return self

    def attach(self, name: str, file: Path) -> Self:
        """Choose a file."""
        root = self.ask("DOM.getDocument")["root"]["nodeId"]
        node = self.ask(
            "DOM.querySelector", nodeId=root, selector=f'input[name="{name}"]'
        )["nodeId"]
        self.ask("DOM.setFileInputFiles", nodeId=node, files=[str(file)])
        return self

    def press(self, words: str) -> Self:
        """Press a button by its words and wait for the page that it leads to."""
        return self._click(words, "button, input[type=submit]")

    def follow(self, words: str) -> Self:
        """Follow a link by its words."""
        return self._click(words, "a[href]")

    def _click(self, words: str, of: str) -> Self:
        here = (words, of, self.scope)
        if not self.call(f"(...here) => !!({_FIND})(...here)", *here):
            raise NotFound(f"no {words!r} on {self.address}: {self.text[:2000]}")
        with self._new_document():
            self.call(f"(...here) => ({_FIND})(...here).click()", *here)
        return self

    @property
    def text(self) -> str:
        """What the page says, or the part of it that is looked at."""
        return str(
            self.call(
                "(s) => document.querySelector(s).innerText", self.scope or "body"
            )
        )

    @property
    def address(self) -> str:
        """Return the path of the page."""
        return str(self.run("location.pathname"))

    def shoot(self, file: Path) -> None:
        """Keep a picture of the whole page."""
        shot = self.ask("Page.captureScreenshot", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(shot["data"]))

    @contextlib.contextmanager
    def _new_document(self) -> Iterator[None]:
        self.run("window.tocsinSeen = true")
        yield
        ends_at = time.monotonic() + PATIENCE_SECONDS
        script = "!window.tocsinSeen && document.readyState === 'complete'"
        while True:
            with contextlib.suppress(NotFound):
                if self.run(script) and self.address != "blank":
                    return
            if time.monotonic() > ends_at:
                raise NotFound(f"no new page came after {self.address}")
            time.sleep(0.05)
