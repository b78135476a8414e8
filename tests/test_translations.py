"""The catalogues are whole: every message translated, filled in alike, compiled; Korean particles fit their words."""

from string import Formatter

import pytest

from tests import catalogues
from viz_core.language import LANGUAGES, _, speak, with_particles

AGAIN = "run make messages"


@pytest.fixture(scope="module")
def messages():
    return catalogues.extracted()


@pytest.mark.parametrize("language", catalogues.TRANSLATED)
def test_every_message_is_translated(language, messages):
    catalogue = catalogues.read(language)
    asked = {message.id for message in messages if message.id}
    kept = {message.id for message in catalogue if message.id}
    assert not asked - kept, f"not in the catalogue: {AGAIN}"
    assert not kept - asked, f"the program does not say these: {AGAIN}"
    assert not [message.id for message in catalogue if message.id and not message.string], "not translated"
    assert not [message.id for message in catalogue if message.id and message.fuzzy], "only guessed"


@pytest.mark.parametrize("language", catalogues.TRANSLATED)
def test_translations_are_filled_in_as_the_messages_are(language):
    def fields(text):
        return sorted((name, spec, how) for _text, name, spec, how in Formatter().parse(text) if name is not None)

    different = [
        (message.id, message.string)
        for message in catalogues.read(language)
        if message.id and "\\" not in message.id  # braces of LaTeX are no fields
        if fields(message.id) != fields(message.string)
    ]
    assert not different


@pytest.mark.parametrize("language", catalogues.TRANSLATED)
def test_the_compiled_catalogue_is_the_written_one(language):
    assert catalogues.compiled(language).read_bytes() == catalogues.as_compiled(catalogues.read(language)), AGAIN


def test_a_language_without_a_catalogue_is_refused():
    with pytest.raises(ValueError, match="no catalogue for the language 'fr'; there are en, ko"):
        speak("fr")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_is_said_in_the_language_of_the_context(language):
    speak(language)
    try:
        assert (_("Masks") == "Masks") == (language == "en")
    finally:
        speak("en")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("커피", "커피는 커피를 커피로 커피와 커피가"),
        ("말", "말은 말을 말로 말과 말이"),
        ("값", "값은 값을 값으로 값과 값이"),
        ("“dog”", "“dog”는 “dog”를 “dog”로 “dog”와 “dog”가"),
        ("“cat”", "“cat”은 “cat”을 “cat”으로 “cat”과 “cat”이"),
        ("book", "book은 book을 book으로 book과 book이"),
        ("“boat”", "“boat”는 “boat”를 “boat”로 “boat”와 “boat”가"),
        ("“set”", "“set”는 “set”를 “set”로 “set”와 “set”가"),
        ("“man”", "“man”은 “man”을 “man”으로 “man”과 “man”이"),
        ("`ball`", "`ball`은 `ball`을 `ball`로 `ball`과 `ball`이"),
        ("**책**", "**책**은 **책**을 **책**으로 **책**과 **책**이"),
        ("L4·H2", "L4·H2는 L4·H2를 L4·H2로 L4·H2와 L4·H2가"),
        ("0.41", "0.41은 0.41을 0.41로 0.41과 0.41이"),
        ("10", "10은 10을 10으로 10과 10이"),
        ("42%", "42%는 42%를 42%로 42%와 42%가"),
        ("W_O", "W_O는 W_O를 W_O로 W_O와 W_O가"),
        ("R", "R은 R을 R로 R과 R이"),
        ("dₖ", "dₖ는 dₖ를 dₖ로 dₖ와 dₖ가"),
        ("<b>물</b>", "<b>물</b>은 <b>물</b>을 <b>물</b>로 <b>물</b>과 <b>물</b>이"),
        ("?", "?은(는) ?을(를) ?(으)로 ?과(와) ?이(가)"),
    ],
)
def test_particles_follow_the_sound_of_what_is_put_in(word, said):
    pairs = ("은(는)", "을(를)", "(으)로", "과(와)", "이(가)")
    assert with_particles(" ".join(word + pair for pair in pairs)) == said


def test_particles_wait_for_what_is_put_in():
    """The name of a field is not what is said."""
    speak("ko")
    try:
        assert _("What {model} would say next").format(model="tiny-gpt") == "tiny-gpt가 다음에 쓸 토큰"
        assert _("What {model} would say next").format(model="구름") == "구름이 다음에 쓸 토큰"
        joined = _("What {model} would say next") + " …"
        assert joined.format(model="tiny-gpt") == "tiny-gpt가 다음에 쓸 토큰 …"
    finally:
        speak("en")


def test_what_is_put_in_stays_as_it_is():
    """Somebody's own words may look like a pair of particles, and may be long."""
    assert (
        with_particles("“{text}”은(는)", lambda said: said.format(text="값을(를) **a!**가")) == "“값을(를) **a!**가”는"
    )
    assert with_particles("{text}을(를)", lambda said: said.format(text="a" * 100_000)).endswith("a를")


def test_bold_ends_where_a_particle_follows():
    assert with_particles("**5%**은(는)") == "**5%\u2060**는"
    assert with_particles("**5%**입니다") == "**5%\u2060**입니다"
    assert with_particles("**값**은(는)") == "**값**은"
