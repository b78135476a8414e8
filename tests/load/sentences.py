"""Sentences that no other visitor writes: words of tiny stories, in English and in Korean, drawn at random."""

from random import Random

THINGS = [
    *("the little dog", "a big cat", "Lily", "Tom", "her mom", "the old man", "a tiny bird", "the red ball"),
    *("his toy car", "the happy girl", "a brave boy", "the tall tree", "a green frog", "the warm sun"),
]
DEEDS = ["saw", "found", "liked", "wanted", "took", "lost", "gave", "played with", "ran to", "looked at", "talked to"]
WHO = ["강아지가", "고양이가", "아이가", "엄마가", "친구가", "할머니가", "작은 새가", "토끼가", "우리는", "나는"]
WHAT = ["공원에서", "집에서", "바다에서", "학교에서", "커피를", "사과를", "영화를", "빨간 공을", "책을", "노래를"]
DOES = ["보았어요", "좋아해요", "찾았어요", "먹었어요", "불렀어요", "기다렸어요", "읽었어요", "놀았어요"]


def english(random: Random) -> str:
    clauses = [" ".join(map(random.choice, (THINGS, DEEDS, THINGS))) for _ in range(random.randint(1, 4))]
    text = ". ".join(clause[0].upper() + clause[1:] for clause in clauses)
    return f"{text}. {clauses[0][0].upper()}{clauses[0][1:].rpartition(' ')[0]}"


def korean(random: Random) -> str:
    clauses = [" ".join(map(random.choice, (WHO, WHAT, DOES))) for _ in range(random.randint(1, 3))]
    return f"{'. '.join(clauses)}. {clauses[0].rpartition(' ')[0]}"


def sentence(random: Random) -> str:
    """About 5 to 40 tokens of the bundled models; no two alike, but for one in some ten thousand."""
    return (korean if random.random() < 0.3 else english)(random)
