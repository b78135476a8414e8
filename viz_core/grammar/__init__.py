"""English sentences with their Korean translation, made by rule: what the translating models learn from.

A sentence is a clause: a predicate and what fills its roles. English and Korean order the same roles differently, so
both sentences, and which word stands for which, come from one clause. One English sentence has one Korean one:
"the" is 그, but nothing before a place, a door or a noun with a relative clause; "a" is nothing. The style is 해라체.

Built up from letters to sentences, each module on those before it: hangul, korean, lexicon, phrases, clause and
sentence_pair know how one says something; dice, noun_phrases, circumstances, participants, events, questions,
sentences and drawn choose, by chance, what is said.
"""

from viz_core.grammar.drawn import pairs
from viz_core.grammar.sentence_pair import Pair, held_out
from viz_core.grammar.sentences import pair

__all__ = ["Pair", "held_out", "pair", "pairs"]
