"""The letters of a word's last syllable. A syllable's code is lead × 588 + vowel × 28 + final, from U+AC00 on."""

FIRST = 0xAC00
VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
FINALS = " ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"  # the first is none


def vowel(word: str) -> str:
    """The vowel of the last syllable."""
    return VOWELS[(ord(word[-1]) - FIRST) % 588 // 28]


def final(word: str) -> str:
    """The final consonant of the last syllable; empty where it ends in a vowel."""
    return FINALS[(ord(word[-1]) - FIRST) % 28].strip()


def with_vowel(word: str, other: str) -> str:
    """The word with another vowel in its last syllable."""
    code = ord(word[-1]) - FIRST
    return word[:-1] + chr(FIRST + code - code % 588 + VOWELS.index(other) * 28 + code % 28)


def with_final(word: str, consonant: str) -> str:
    """The word with another final consonant; "" takes it away."""
    code = ord(word[-1]) - FIRST
    return word[:-1] + chr(FIRST + code - code % 28 + FINALS.index(consonant or " "))
