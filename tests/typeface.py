"""The typeface of the app, cut from Pretendard into the files of static/: `python -m tests.typeface FOLDER`.

FOLDER is the unpacked npm package (npm pack pretendard@1.3.9). A cut font is a modified one, and Pretendard's licence
reserves its name: ours is called Attention Sans. Besides, its digits are all of one width, so that numbers stand in
columns wherever they are drawn: a canvas cannot ask for that, a figure would have to at each label.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

STATIC = Path(__file__).parents[1] / "static"
WEIGHTS = {"Regular": 400, "SemiBold": 600}
NAMES = {1: "Attention Sans", 3: "Attention Sans {weight}", 4: "Attention Sans {weight}", 6: "AttentionSans-{weight}"}
CHANGED = "Cut from Pretendard 1.3.9 for the attention visualizer, digits made tabular, renamed"


def slices(every: Iterable[int]) -> dict[str, set[int]]:
    """Which characters lie in which file. English asks for the first alone; hardly a Korean text for the third."""
    named = {code for code in every if not 0xE000 <= code < 0xF900 and code < 0xF0000}  # others are private
    latin = {code for code in named if code < 0x400 or 0x1D00 <= code < 0x1DC0 or 0x2000 <= code < 0x2C80}
    korean = {code for code in named if _usual(chr(code)) or 0x3000 <= code < 0x3200 or 0xFF00 <= code < 0xFFF0} - latin
    return {"latin": latin, "korean": korean, "more": named - latin - korean}


def _usual(syllable: str) -> bool:
    """One of the 2,350 of KS X 1001, which all but a few Korean words are written with."""
    return "가" <= syllable <= "힣" and len(syllable.encode("euc-kr", errors="ignore")) == 2


def _cut(font: TTFont, characters: set[int], weight: str) -> TTFont:
    options = Options(
        flavor="woff2", layout_features=["kern", "mark", "mkmk", "ccmp", "locl"], name_IDs=[0, *NAMES, 13, 14]
    )
    options.drop_tables += ["vhea", "vmtx", "VORG"]
    cutter = Subsetter(options)
    cutter.populate(unicodes=characters)
    cutter.subset(font)
    names = font["name"]
    for number, name in NAMES.items():
        names.setName(name.format(weight=weight), number, 3, 1, 0x409)
    names.setName(f"{names.getDebugName(0)}. {CHANGED}", 0, 3, 1, 0x409)
    return font


def _tabular(font: TTFont) -> None:
    """Digits of one width: those that the font's own feature would put in their place."""
    table = font["GSUB"].table
    lookups = {
        index
        for found in table.FeatureList.FeatureRecord
        if found.FeatureTag == "tnum"
        for index in found.Feature.LookupListIndex
    }
    instead = {}
    for index in lookups:
        for part in table.LookupList.Lookup[index].SubTable:
            instead |= getattr(part, "ExtSubTable", part).mapping
    for characters in font["cmap"].tables:
        for digit in map(ord, "0123456789"):
            characters.cmap[digit] = instead.get(characters.cmap[digit], characters.cmap[digit])


def main(package: Path) -> None:
    for name, number in WEIGHTS.items():
        file = package / "dist/web/static/woff2" / f"Pretendard-{name}.woff2"
        for part, characters in slices(TTFont(file).getBestCmap()).items():
            font = TTFont(file)
            _tabular(font)
            _cut(font, characters, name).save(STATIC / f"sans-{part}-{number}.woff2")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
