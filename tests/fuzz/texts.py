"""Texts that people do not write: every character, and what programs stumble over."""

from hypothesis import strategies as st

LONGEST = 1_000_000  # characters
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
UNSEEN = "\u00ad\u034f\u115f\u1160\u17b4\u180e\u200b\u200c\u200d\u2060\u2061\u3164\ufe0f\ufeff\uffa0\ufff9\U000e0001"
SPACES = " \t\n\r\v\f\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2003\u2028\u2029\u202f\u205f\u3000"
MARKS = "".join(map(chr, range(0x300, 0x36F)))
FAMILY = (
    "👩\u200d👩\u200d👧\u200d👦",
    "👋🏽",
    "🏴\U000e0067\U000e0062\U000e007f",
    "🇰🇷🇰",
    "❤\ufe0f\u200d🔥",
    "\u200d🧑\u200d",
)
SPECIAL = (
    *("<|endoftext|>", "[MASK]", "<mask>", "[PAD]", "[UNK]", "[CLS]", "[SEP]", "<s>", "</s>", "<unk>", "<|im_start|>"),
    *("<0xFF>", "▁", "Ġ", "##ing", "Ċ", "�", "⟨E1⟩", "·", "⏎", "␀", "◌", "강(1/2)"),
)
MARKUP = (
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</style><b>", "&lt;b&gt;&amp;#0;", "<!--", "]]>"),
    *("javascript:alert(1)", "[x](javascript:alert(1))", "![x](data:,)", ":material/home:", "$\\frac{1}", "$$x^2$$"),
    *("%{y}", "%{customdata[0]}", "{0}", "{name}", "{{token}}", "%s", "`", "```", "'''", '"""', "\\", "\\N{BULLET}"),
    *("=1+1", "@SUM(A1)", "\t=cmd|' /C calc'!A0", "../../etc/passwd", "C:\\con", "\x1b[31m", "𝓤", "ﷺ", "İ", "ß", "ŉ"),
)

characters = st.characters()  # lone surrogates too
pieces = st.one_of(
    st.text(characters, max_size=20),
    st.text(st.sampled_from("abc de,.!?'’-012가각힣한글"), max_size=40),
    st.text(st.sampled_from(BIDI + UNSEEN + "ab"), min_size=1, max_size=12),
    st.text(st.sampled_from(SPACES), min_size=1, max_size=12),
    st.text(st.characters(max_codepoint=0x1F) | st.characters(min_codepoint=0x7F, max_codepoint=0x9F), max_size=8),
    st.builds(lambda base, marks: base + marks, characters, st.text(st.sampled_from(MARKS), max_size=60)),
    st.text(st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF), min_size=1, max_size=3),
    st.text(st.characters(min_codepoint=0x1100, max_codepoint=0x11FF), max_size=10),
    st.text(st.characters(min_codepoint=0x1F1E6, max_codepoint=0x1F1FF), max_size=9),
    st.sampled_from([*FAMILY, *SPECIAL, *MARKUP]),
)


def _repeated(piece: str, times: int) -> str:
    return (piece * times)[:LONGEST]


short = st.lists(pieces, max_size=5).map("".join)
long = st.builds(_repeated, pieces, st.sampled_from([50, 300, 5_000, LONGEST]))
texts = st.one_of(*[short] * 5, long)
sent = texts.map(lambda text: text.encode("utf-8", "replace").decode())  # as a browser sends it: no half characters
sent_short = short.map(lambda text: text.encode("utf-8", "replace").decode())
