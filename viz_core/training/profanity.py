"""Does a text contain profanity? Asked of what the bundled models write.

English by glin-profanity, with what is ordinary in old novels and the Bible taken out; Korean by the stems below,
because no package that was tried can tell ordinary Korean from abuse. A short list, no moderation tool.
"""

import re

from glin_profanity import Filter

HOW = "Looked for with glin-profanity (English) and a short list of stems (Korean), which find the plain cases only."

_ORDINARY = "ass bondage butt cock dick ejaculation escort eunuch hoe intercourse negro nipples sex snatch suck tit"
_ENGLISH = Filter(
    {
        "languages": ["english"],
        "ignore_words": [*_ORDINARY.split(), "big black", "strap on", "tied up", "xx"],
        "custom_words": ["damn", "dickhead", "goddamn", "wanker", "whore"],
    }
)
_KOREAN = re.compile(
    r"[씨쓰쉬씹]이?[발팔빨벌](?!라)|(?<![가-힣])시발(?![점역택자유수])|[ㅅㅆ]ㅂ|ㅂㅅ|ㅄ|ㅈㄹ|[병븅]신(?!년)|지랄|좆|좃(?!선)"
    r"|(?<!불)썅|쌍[년놈]|씹[새창할년놈]|미친[년놈]|존나|개[새쉐색][끼키기]|(?<![가-힣])[이저그] ?새끼|새끼(?:야|들아)"
    r"|느금마|엿 ?먹어|창녀"
)


def found(text: str) -> bool:
    return bool(_KOREAN.search(text)) or bool(_ENGLISH.is_profane(text))
