import pytest

from viz_core.grammar.korean import Stem, Tense, attach, copula


@pytest.mark.parametrize(
    ("word", "particle", "expected"),
    [
        ("개", "은/는", "개는"),
        ("선생님", "은/는", "선생님은"),
        ("고양이", "이/가", "고양이가"),
        ("물", "이/가", "물이"),
        ("나", "이/가", "내가"),
        ("너", "이/가", "네가"),
        ("누구", "이/가", "누가"),
        ("사과", "을/를", "사과를"),
        ("빵", "을/를", "빵을"),
        ("친구", "과/와", "친구와"),
        ("소년", "과/와", "소년과"),
        ("버스", "으로/로", "버스로"),
        ("칼", "으로/로", "칼로"),
        ("연필", "으로/로", "연필로"),
        ("숟가락", "으로/로", "숟가락으로"),
        ("집", "으로/로", "집으로"),
        ("학교", "에서", "학교에서"),
    ],
)
def test_a_particle_follows_the_final_consonant(word: str, particle: str, expected: str) -> None:
    assert attach(word, particle) == expected


@pytest.mark.parametrize(
    ("stem", "forms"),
    [  # present, past, before a noun in present, past and future
        (Stem("먹"), "먹는다 먹었다 먹는 먹은 먹을"),
        (Stem("읽"), "읽는다 읽었다 읽는 읽은 읽을"),
        (Stem("잡"), "잡는다 잡았다 잡는 잡은 잡을"),
        (Stem("닫"), "닫는다 닫았다 닫는 닫은 닫을"),
        (Stem("씻"), "씻는다 씻었다 씻는 씻은 씻을"),
        (Stem("않"), "않는다 않았다 않는 않은 않을"),
        (Stem("가"), "간다 갔다 가는 간 갈"),
        (Stem("오"), "온다 왔다 오는 온 올"),
        (Stem("배우"), "배운다 배웠다 배우는 배운 배울"),
        (Stem("마시"), "마신다 마셨다 마시는 마신 마실"),
        (Stem("보내"), "보낸다 보냈다 보내는 보낸 보낼"),
        (Stem("쉬"), "쉰다 쉬었다 쉬는 쉰 쉴"),
        (Stem("되"), "된다 됐다 되는 된 될"),
        (Stem("좋아하"), "좋아한다 좋아했다 좋아하는 좋아한 좋아할"),
        (Stem("쓰"), "쓴다 썼다 쓰는 쓴 쓸"),
        (Stem("만들"), "만든다 만들었다 만드는 만든 만들"),
        (Stem("팔"), "판다 팔았다 파는 판 팔"),
        (Stem("돕", "ㅂ"), "돕는다 도왔다 돕는 도운 도울"),
        (Stem("듣", "ㄷ"), "듣는다 들었다 듣는 들은 들을"),
        (Stem("걷", "ㄷ"), "걷는다 걸었다 걷는 걸은 걸을"),
        (Stem("부르", "르"), "부른다 불렀다 부르는 부른 부를"),
        (Stem("나르", "르"), "나른다 날랐다 나르는 나른 나를"),
        (Stem("모르", "르"), "모른다 몰랐다 모르는 모른 모를"),
        (Stem("크", verb=False), "크다 컸다 큰 컸던 클"),
        (Stem("작", verb=False), "작다 작았다 작은 작았던 작을"),
        (Stem("예쁘", verb=False), "예쁘다 예뻤다 예쁜 예뻤던 예쁠"),
        (Stem("바쁘", verb=False), "바쁘다 바빴다 바쁜 바빴던 바쁠"),
        (Stem("길", verb=False), "길다 길었다 긴 길었던 길"),
        (Stem("아름답", "ㅂ", verb=False), "아름답다 아름다웠다 아름다운 아름다웠던 아름다울"),
        (Stem("빠르", "르", verb=False), "빠르다 빨랐다 빠른 빨랐던 빠를"),
        (Stem("빨갛", "ㅎ", verb=False), "빨갛다 빨갰다 빨간 빨갰던 빨갈"),
        (Stem("하얗", "ㅎ", verb=False), "하얗다 하얬다 하얀 하얬던 하얄"),
        (Stem("맛있", verb=False), "맛있다 맛있었다 맛있는 맛있었던 맛있을"),
        (Stem("아니", "이", verb=False), "아니다 아니었다 아닌 아니었던 아닐"),
    ],
    ids=lambda value: value.text if isinstance(value, Stem) else "",
)
def test_a_stem_is_conjugated_by_its_class(stem: Stem, forms: str) -> None:
    before = [stem.adnominal(tense) for tense in ("present", "past", "future")]
    assert " ".join((stem.declared("present"), stem.declared("past"), *before)) == forms


@pytest.mark.parametrize(
    ("stem", "question"),
    [(Stem("먹"), "먹니"), (Stem("만들"), "만드니"), (Stem("길", verb=False), "기니"), (Stem("돕", "ㅂ"), "돕니")],
)
def test_a_question_drops_the_l_of_a_stem(stem: Stem, question: str) -> None:
    assert stem.asked("present") == question


@pytest.mark.parametrize(
    ("noun", "tense", "asked", "expected"),
    [
        ("의사", "present", False, "의사다"),
        ("의사", "past", False, "의사였다"),
        ("선생님", "present", True, "선생님이니"),
        ("선생님", "past", False, "선생님이었다"),
    ],
)
def test_is_and_was_are_written_onto_the_noun(noun: str, tense: Tense, asked: bool, expected: str) -> None:
    assert copula(noun, tense, asked=asked) == expected
