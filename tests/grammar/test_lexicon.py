from viz_core.grammar.lexicon import (
    ALONE,
    ATTRIBUTES,
    COUNTERS,
    GIVING,
    LIVE,
    MANNERS,
    MOVING,
    NOUNS,
    PREPOSITIONS,
    VERBS,
)

ALL_VERBS = (*VERBS, *ALONE, *MOVING, *GIVING, LIVE)


def test_every_kind_that_a_table_names_has_a_noun() -> None:
    known = {noun.kind for noun in NOUNS.values()} | set(NOUNS)
    named = [kinds for verb in ALL_VERBS for kinds in (verb.by, verb.of, verb.tools, verb.at)]
    named += [attribute.of for attribute in ATTRIBUTES]
    named += [*COUNTERS.values(), *PREPOSITIONS]
    assert {kind for kinds in named for kind in kinds.split()} <= known


def test_every_manner_of_a_verb_has_a_translation() -> None:
    assert {manner for verb in ALL_VERBS for manner in verb.manner.split()} <= set(MANNERS)
