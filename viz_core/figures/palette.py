"""Every colour of the program, for the light and the dark theme, each designed for its background.

Hues follow Okabe & Ito's colour-blind-safe set, darkened or lightened to reach contrast AA as text.
One meaning a colour, everywhere:

weights        one hue, from the page's background (0) to full (1)
signed values  blue below 0, neutral at 0, orange above
not allowed    a grey that no data has, hatched, so that it is told apart without colours too
q, k, v, o     orange-red, blue, green, purple
"""

from typing import Literal

ThemeName = Literal["light", "dark"]

BACKGROUND = {"light": "#FFFFFF", "dark": "#0F1218"}
TEXT = {"light": "#1A1D23", "dark": "#E8EAF0"}
MUTED = {"light": "#5B616E", "dark": "#A2A9B8"}
LINE = {"light": "#D9DCE3", "dark": "#343A47"}

WEIGHTS = {
    "light": ["#FFFFFF", "#E3E2F4", "#BCB9E2", "#8B85CB", "#5B52AF", "#372D8A", "#1D1463"],
    "dark": ["#0F1218", "#1F2148", "#37387F", "#5B5CBB", "#8A8CE6", "#B9BBF8", "#ECEDFF"],
}
SIGNED = {
    "light": ["#0A4A80", "#3F87C2", "#A9CDEA", "#F4F4F2", "#F3BE98", "#D9742F", "#8F3604"],
    "dark": ["#8CCBFF", "#3D8CCB", "#1F4C72", "#1A1D24", "#6E3A17", "#CC7133", "#FFBE8F"],
}
NOT_ALLOWED = {"light": "#DCDDE1", "dark": "#333844"}
HATCH = {"light": "#9094A0", "dark": "#646B7A"}  # lines on that grey, 3 : 1 on the colour of weight 0
FAINT = {"light": "#B9BDC9", "dark": "#5A6170"}  # what a change is compared with

CHOSEN = {"light": "#C24400", "dark": "#FF9A57"}  # the frame of the chosen cell, and the chosen row
QUERY = {"light": "#C24400", "dark": "#FF9A57"}
KEY = {"light": "#0069A8", "dark": "#6FBDF5"}
VALUE = {"light": "#00734F", "dark": "#3FCF9F"}
OUTPUT = {"light": "#99407B", "dark": "#E59ACB"}

# for things that are only told apart: head roles (always with a letter), heads in a drawing of lines; told apart
# by eyes that see two kinds of cone alone, too (tests/figures/test_palette.py)
CATEGORIES = {
    "light": ["#0069A8", "#07524D", "#C24400", "#9D6A2F", "#5B616E", "#00734F", "#5E43AD", "#B94981"],
    "dark": ["#6FBDF5", "#83DAD5", "#FF9A57", "#E4B33C", "#A2A9B8", "#3FCF9F", "#AD89D3", "#D67D9C"],
}


def colorscale(stops: list[str]) -> list[tuple[float, str]]:
    """Evenly spaced stops as Plotly wants them."""
    return [(index / (len(stops) - 1), stop) for index, stop in enumerate(stops)]
