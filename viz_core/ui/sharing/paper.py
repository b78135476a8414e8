"""A hand-out as PDF or PNG: Chromium or Chrome draws it, where the machine has one."""

import asyncio
import base64
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from choreographer import Browser, Tab
from choreographer.browsers import BrowserClosedError, BrowserFailedError
from choreographer.browsers.chromium import ChromeNotFoundError, Chromium
from choreographer.channels import ChannelClosedError
from choreographer.protocol import DevtoolsProtocolError

from viz_core.language import _

PATIENCE = 90  # seconds; a lesson has some twenty figures
PAPER = {"width": 210 / 25.4, "height": 297 / 25.4}  # inches: A4
ACROSS = {"pdf": 702, "png": 1000}  # CSS pixels that it is drawn over; of A4 less its margins
TALLEST = 16_000  # pixels of a picture: Chromium draws no more


class Failed(RuntimeError):
    """Why it could not be drawn, for the visitor."""


@cache
def can() -> bool:
    """Whether there is a browser to draw it."""
    try:
        return bool(Chromium.find_browser(skip_local=False))
    except ChromeNotFoundError:
        return False


def printed(html: bytes, kind: str) -> bytes:
    """kind "pdf" or "png"; a hand-out that is very long is cut in a picture. Raises Failed."""
    try:
        with TemporaryDirectory(prefix="handout-") as folder:
            file = Path(folder) / "handout.html"
            file.write_bytes(html)
            return asyncio.run(asyncio.wait_for(_drawn(file.as_uri(), kind), PATIENCE))
    except (BrowserClosedError, BrowserFailedError, ChannelClosedError, DevtoolsProtocolError, TimeoutError) as error:
        reason = str(error).split("\n", maxsplit=1)[0] or type(error).__name__
        message = _("The browser on the server could not draw it ({reason}). Print the HTML file instead.")
        raise Failed(message.format(reason=reason)) from error
    except OSError as error:  # a full disk
        message = _("The server has no room to draw it in ({reason}). Print the HTML file instead.")
        raise Failed(message.format(reason=error.strerror or error)) from error


async def _drawn(address: str, kind: str) -> bytes:
    async with Browser() as browser:
        tab = await browser.create_tab("about:blank")
        await _asked(
            tab,
            "Emulation.setDeviceMetricsOverride",
            width=ACROSS[kind],
            height=1000,
            deviceScaleFactor=1,
            mobile=False,
        )
        # what is drawn has all that it needs: whatever is in it, the server's browser asks nobody for anything
        await _asked(tab, "Network.enable")
        await _asked(
            tab,
            "Network.emulateNetworkConditions",
            offline=True,
            latency=0,
            downloadThroughput=-1,
            uploadThroughput=-1,
        )
        await _asked(tab, "Page.navigate", url=address)
        await _whole(tab, address)
        return await (_pdf if kind == "pdf" else _png)(tab)


async def _whole(tab: Tab, address: str) -> None:
    """Wait until it is there, and every figure drawn."""
    while (
        await _value(tab, f"location.href === '{address}' && document.readyState === 'complete' && !!window.drawn")
        is not True
    ):
        await asyncio.sleep(0.05)
    await _value(tab, "window.drawn")


async def _pdf(tab: Tab) -> bytes:
    found = await _asked(
        tab,
        "Page.printToPDF",
        printBackground=True,
        preferCSSPageSize=True,
        paperWidth=PAPER["width"],
        paperHeight=PAPER["height"],
        generateDocumentOutline=True,
        generateTaggedPDF=True,
    )
    return base64.b64decode(found["data"])


async def _png(tab: Tab) -> bytes:
    height = min(int(await _value(tab, "document.documentElement.scrollHeight")), TALLEST)
    scale = 2 if 2 * height <= TALLEST else 1
    clip = {"x": 0, "y": 0, "width": ACROSS["png"], "height": height, "scale": scale}
    found = await _asked(tab, "Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
    return base64.b64decode(found["data"])


async def _value(tab: Tab, expression: str) -> Any:
    found = await _asked(tab, "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
    return found["result"].get("value")


async def _asked(tab: Tab, command: str, **given: Any) -> dict[str, Any]:
    answer = await tab.send_command(command, params=given)
    if "error" in answer:
        raise DevtoolsProtocolError(answer)
    result: dict[str, Any] = answer["result"]
    return result
