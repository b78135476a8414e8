"""How colours are seen: WCAG contrast, CIE Lab, and dichromats' eyes by Machado, Oliveira and Fernandes (2009)."""

import numpy as np
from numpy.typing import NDArray

EYES = {  # severity 1.0, on linear RGB: their table 1
    "all": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = TO_XYZ @ np.ones(3)


def contrast(one: str, other: str) -> float:
    """WCAG 2: from 1 to 21."""
    low, high = sorted(TO_XYZ[1] @ _linear(colour) for colour in (one, other))
    return float((high + 0.05) / (low + 0.05))


def distance(one: str, other: str, eye: str = "all") -> float:
    """ΔE*ab (CIE 1976)."""
    return float(np.linalg.norm(_lab(one, eye) - _lab(other, eye)))


def lightness(colour: str, eye: str = "all") -> float:
    """L*, from 0 to 100."""
    return float(_lab(colour, eye)[0])


def _linear(colour: str) -> NDArray[np.float64]:
    channels = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def _lab(colour: str, eye: str) -> NDArray[np.float64]:
    seen = np.clip(np.array(EYES[eye]) @ _linear(colour), 0, 1)
    share = TO_XYZ @ seen / WHITE
    x, y, z = np.where(share > (6 / 29) ** 3, np.cbrt(share), share / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])
