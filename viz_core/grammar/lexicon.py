"""The words. Kinds of nouns say what a verb or an adjective goes with, so that the sentences make sense.

Where a table names kinds, it is a text such as "person bird": every noun of the kind person, and the noun bird.
"""

from dataclasses import dataclass
from functools import cache

from viz_core.grammar.korean import Stem, Tense


@dataclass(frozen=True, eq=False)
class Noun:
    """`counter` is what Korean counts it in: 책 두 권, two books."""

    english: str
    plural: str  # empty where the noun is not counted
    korean: str
    kind: str
    counter: str

    @property
    def plain_the(self) -> bool:
        """Whether "the" before it is not said in Korean."""
        return self.kind in PLAIN_THE


@dataclass(frozen=True)
class Verb:
    """Who does it (`by`), to what (`of`), with what (`tools`) and where (`at`), as kinds; and how (`manner`)."""

    english: str  # a preposition may follow: "look for"
    past: str
    korean: Stem
    by: str = "person"
    of: str = ""
    manner: str = ""
    tools: str = ""
    at: str = ""
    action: bool = True  # one can want to do it
    particle: str = "을/를"


@dataclass(frozen=True)
class Adjective:
    """What nouns of the kinds `of` can be: the dog is big."""

    english: str
    korean: Stem
    of: str
    passing: bool = False  # true of a day: goes with times


@dataclass(frozen=True)
class Attribute:
    """What can stand before nouns of the kinds `of`: the big dog."""

    english: str
    korean: str
    of: str


# Of each kind the nouns, English and Korean. A plural not in -s follows a slash; one that is not counted has none.
NOUN_TABLE = {
    "person": "man/men 남자, woman/women 여자, boy 소년, girl 소녀, child/children 아이, teacher 선생님, student 학생, "
    "doctor 의사, friend 친구, farmer 농부, singer 가수, cook 요리사, king 왕, soldier 군인",
    "family": "mother 어머니, father 아버지, grandmother 할머니, grandfather 할아버지",
    "animal": "dog 개, cat 고양이, bird 새, horse 말, cow 소, rabbit 토끼, bear 곰, tiger 호랑이, monkey 원숭이",
    "food": "apple 사과, banana 바나나, orange 오렌지, potato/potatoes 감자, egg 달걀, cake 케이크, bread/ 빵, "
    "rice/ 밥, meat/ 고기, soup/ 수프",
    "drink": "water/ 물, milk/ 우유, tea/ 차, coffee/ 커피, juice/ 주스",
    "text": "book 책, letter 편지, newspaper 신문, poem 시, story/stories 이야기",
    "thing": "bag 가방, pencil 연필, ball 공, key 열쇠, box/boxes 상자, chair 의자, table 탁자, cup 컵, clock 시계, "
    "umbrella 우산, phone 전화기, computer 컴퓨터, camera 카메라, picture 그림, flower 꽃",
    "vehicle": "car 자동차, bicycle 자전거, train 기차, bus/buses 버스",
    "wear": "hat 모자, dress/dresses 드레스, shirt 셔츠, coat 외투",
    "tree": "tree 나무",
    "opening": "door 문, window 창문",
    "instrument": "piano 피아노, guitar 기타",
    "subject": "English/ 영어, Korean/ 한국어, math/ 수학, history/ 역사",
    "sound": "song 노래, music/ 음악",
    "tool": "spoon 숟가락, knife/knives 칼, brush/brushes 붓",
    "inside": "home 집, school 학교, library 도서관, hospital 병원, restaurant 식당, kitchen 부엌, office 사무실, "
    "room 방, museum 박물관",
    "outside": "park 공원, garden 정원, beach/beaches 해변, farm 농장, village 마을",
    "shop": "market 시장, store 가게, city/cities 도시",
    "waterside": "river 강, sea 바다",
}
COUNTERS = {  # the others are counted in 개
    "명": "person family",
    "마리": "animal",
    "대": "vehicle computer camera phone piano guitar",
    "권": "book",
    "통": "letter",
    "부": "newspaper",
    "편": "poem",
    "벌": "dress shirt coat",
    "장": "picture",
    "송이": "flower",
    "그루": "tree",
    "자루": "pencil",
    "곡": "song",
}
PLAIN_THE = frozenset({"opening", "instrument", "inside", "outside", "shop", "waterside"})


def _nouns() -> dict[str, Noun]:
    counters = {kind: counter for counter, kinds in COUNTERS.items() for kind in kinds.split()}
    nouns = {}
    for kind, row in NOUN_TABLE.items():
        for entry in row.split(", "):
            english, korean = entry.split()
            word, slash, plural = english.partition("/")
            counter = counters.get(word, counters.get(kind, "개"))
            nouns[word] = Noun(word, plural if slash else word + "s", korean, kind, counter)
    return nouns


NOUNS = _nouns()
PLACES = "inside outside shop"
# How one is at a place; in the others one is in.
PREPOSITIONS = {"home": "at", "school": "at", "beach": "at", "farm": "on", "market": "at", "store": "at"}
CREATURES = "person animal"
GOODS = "thing wear book newspaper tool"
VERBS = (
    Verb("eat", "ate", Stem("먹"), of="food", manner="quickly slowly quietly", at="inside park garden"),
    Verb("eat", "ate", Stem("먹"), "animal", "apple banana potato bread", "quickly slowly", at="outside"),
    Verb("drink", "drank", Stem("마시"), of="drink", manner="quickly slowly", at="inside park garden"),
    Verb("drink", "drank", Stem("마시"), "animal", "water milk", "quickly slowly", at="outside"),
    Verb("see", "saw", Stem("보"), "person animal", "person animal tree thing vehicle", at=PLACES, action=False),
    Verb("watch", "watched", Stem("지켜보"), "person animal", "person animal", "quietly", at="outside"),
    Verb("chase", "chased", Stem("쫓"), "animal dog", "animal ball", at="outside"),
    Verb("read", "read", Stem("읽"), of="text", manner="slowly quietly", at="home school library park room"),
    Verb("write", "wrote", Stem("쓰"), of="letter book poem story", manner="slowly", tools="pencil", at="inside"),
    Verb("buy", "bought", Stem("사"), of=GOODS + " food drink car bicycle", at="shop"),
    Verb("sell", "sold", Stem("팔"), of=GOODS + " food car bicycle", at="shop"),
    Verb("make", "made", Stem("만들"), of="cake bread soup box chair table bag dress", at="home school kitchen"),
    Verb("open", "opened", Stem("열"), of="opening box bag", manner="slowly quietly carefully", tools="key"),
    Verb("close", "closed", Stem("닫"), of="opening box", manner="slowly quietly carefully"),
    Verb("like", "liked", Stem("좋아하"), "animal", "person animal apple banana milk", action=False),
    Verb("like", "liked", Stem("좋아하"), of="person animal food drink flower", action=False),
    Verb("like", "liked", Stem("좋아하"), of="text wear subject sound outside waterside", action=False),
    Verb("love", "loved", Stem("사랑하"), of="person animal family music sea", action=False),
    Verb("know", "knew", Stem("알"), of="person song story", action=False),
    Verb("help", "helped", Stem("돕", "ㅂ"), of="person family", at="inside farm"),
    Verb("meet", "met", Stem("만나"), of="person", at=PLACES),
    Verb("visit", "visited", Stem("방문하"), of="museum library hospital outside city friend family"),
    Verb("find", "found", Stem("발견하"), of="thing wear animal", at=PLACES, action=False),
    Verb("look for", "looked", Stem("찾"), of="person animal thing wear", at=PLACES),
    Verb("wait for", "waited", Stem("기다리"), of="person family bus train", manner="quietly", at=PLACES),
    Verb("listen to", "listened", Stem("듣", "ㄷ"), of="sound story", manner="quietly carefully", at="inside"),
    Verb("sing", "sang", Stem("부르", "르"), of="song", manner="well quietly loudly", at="school park home"),
    Verb("carry", "carried", Stem("나르", "르"), of="box bag chair table", manner="slowly carefully"),
    Verb("draw", "drew", Stem("그리"), of="animal person tree flower", manner="well", tools="pencil brush", at=PLACES),
    Verb("wash", "washed", Stem("씻"), of="apple potato orange cup spoon", manner="carefully", at="home kitchen"),
    Verb("clean", "cleaned", Stem("닦"), of="window table chair bicycle car", manner="carefully"),
    Verb("use", "used", Stem("사용하"), of="phone computer camera tool pencil umbrella", at="inside"),
    Verb("learn", "learned", Stem("배우"), of="subject", manner="quickly slowly", at="school home"),
    Verb("teach", "taught", Stem("가르치"), of="subject", manner="well", at="school library"),
    Verb("cut", "cut", Stem("자르", "르"), of="apple bread cake meat orange", manner="slowly carefully", tools="knife"),
    Verb("play", "played", Stem("치"), of="instrument", manner="well loudly", at="home school"),
    Verb("wear", "wore", Stem("쓰"), of="hat"),
    Verb("wear", "wore", Stem("입"), of="dress shirt coat"),
    Verb("break", "broke", Stem("깨"), of="cup window egg clock", action=False),
    Verb("catch", "caught", Stem("잡"), "person", "ball bird rabbit", "quickly", at="outside"),
    Verb("throw", "threw", Stem("던지"), of="ball hat", at="outside"),
)
ALONE = (
    Verb("sleep", "slept", Stem("자"), "person animal", manner="well quietly", at="home park garden room farm"),
    Verb("swim", "swam", Stem("수영하"), "person bear dog", manner="fast slowly", at="waterside"),
    Verb("run", "ran", Stem("달리"), "person animal", manner="fast", at="outside"),
    Verb("walk", "walked", Stem("걷", "ㄷ"), "person animal", manner="slowly quietly", at="outside"),
    Verb("cry", "cried", Stem("울"), "person", manner="loudly quietly", at="inside park", action=False),
    Verb("laugh", "laughed", Stem("웃"), "person", manner="loudly quietly", at=PLACES),
    Verb("dance", "danced", Stem("춤추"), "person bear", manner="slowly quietly", at="park school beach home"),
    Verb("work", "worked", Stem("일하"), "person", manner="carefully", at="inside farm shop"),
    Verb("play", "played", Stem("놀"), "child boy girl student friend animal", manner="quietly", at="home outside"),
    Verb("rest", "rested", Stem("쉬"), "person animal", manner="quietly", at="home outside"),
    Verb("study", "studied", Stem("공부하"), "person", manner="quietly", at="home school library"),
    Verb("fly", "flew", Stem("날"), "bird", manner="fast slowly"),
)
MOVING = (  # they need a goal
    Verb("go", "went", Stem("가"), "person animal", particle="에"),
    Verb("come", "came", Stem("오"), "person animal", particle="에"),
    Verb("run", "ran", Stem("달려가"), "person animal", particle="으로/로"),
    Verb("walk", "walked", Stem("걸어가"), "person animal", particle="으로/로"),
    Verb("return", "returned", Stem("돌아오"), "person animal", particle="으로/로"),
)
LIVE = Verb("live", "lived", Stem("살"), "person animal", action=False)
GIVING = (
    Verb("give", "gave", Stem("주"), of="book letter flower apple cake ball hat picture cup water milk bread"),
    Verb("send", "sent", Stem("보내"), of="letter book picture flower bag"),
)
EVENTS = ("find", "break")  # over at once: told of in the past
STATES = ("live", "like", "love", "know")
UNWILLED = ("보", "발견하")  # who does not see or find has not chosen to: 보지 못한다
DENIED = {"알": Stem("모르", "르"), "있": Stem("없", verb=False)}  # not to know, not to be: verbs of their own
ADJECTIVES = (
    Adjective("big", Stem("크", verb=False), "animal thing tree vehicle opening outside hospital hat"),
    Adjective("small", Stem("작", verb=False), "animal thing tree vehicle opening garden village cake hat"),
    Adjective(
        "beautiful",
        Stem("아름답", "ㅂ", verb=False),
        "woman girl flower tree outside waterside sound picture poem bird",
    ),
    Adjective("pretty", Stem("예쁘", verb=False), "girl flower wear bag cup bird picture"),
    Adjective("cute", Stem("귀엽", "ㅂ", verb=False), "child dog cat rabbit bird monkey"),
    Adjective("kind", Stem("친절하", verb=False), "person family"),
    Adjective("smart", Stem("똑똑하", verb=False), "person dog monkey"),
    Adjective("strong", Stem("강하", verb=False), "man woman soldier king farmer horse cow bear tiger"),
    Adjective("brave", Stem("용감하", verb=False), "person dog"),
    Adjective(
        "famous", Stem("유명하", verb=False), "singer doctor cook king book poem story song restaurant museum park"
    ),
    Adjective("young", Stem("젊", verb=False), "man woman teacher doctor farmer singer cook king soldier"),
    Adjective("fast", Stem("빠르", "르", verb=False), "horse dog rabbit tiger vehicle"),
    Adjective("heavy", Stem("무겁", "ㅂ", verb=False), "bag box chair table computer book"),
    Adjective("long", Stem("길", verb=False), "story letter poem song river coat"),
    Adjective("expensive", Stem("비싸", verb=False), "thing wear vehicle instrument meat coffee"),
    Adjective("red", Stem("빨갛", "ㅎ", verb=False), "apple flower bag ball box wear vehicle"),
    Adjective("white", Stem("하얗", "ㅎ", verb=False), "flower wear dog cat rabbit horse bird cup"),
    Adjective("cold", Stem("차갑", "ㅂ", verb=False), "drink river sea"),
    Adjective("delicious", Stem("맛있", verb=False), "food coffee tea juice"),
    Adjective("sweet", Stem("달콤하", verb=False), "apple banana orange cake juice"),
    Adjective("interesting", Stem("재미있", verb=False), "text museum subject"),
    Adjective("difficult", Stem("어렵", "ㅂ", verb=False), "book poem subject"),
    Adjective("important", Stem("중요하", verb=False), "book letter key subject"),
    Adjective("quiet", Stem("조용하", verb=False), "library park garden village room"),
    Adjective("happy", Stem("행복하", verb=False), "person family dog", passing=True),
    Adjective("sad", Stem("슬프", verb=False), "person story song", passing=True),
    Adjective("busy", Stem("바쁘", verb=False), "person family", passing=True),
    Adjective("tired", Stem("피곤하", verb=False), "person family", passing=True),
    Adjective("hungry", Stem("배고프", verb=False), "person animal", passing=True),
)
ATTRIBUTES = (
    *(Attribute(adjective.english, adjective.korean.adnominal("present"), adjective.of) for adjective in ADJECTIVES),
    Attribute("new", "새", "thing wear vehicle book hospital"),
    Attribute("old", "늙은", "man woman king farmer dog cat horse"),
    Attribute("old", "오래된", "thing vehicle book village tree"),
)
MANNERS = {
    "quickly": "빨리",
    "fast": "빨리",
    "slowly": "천천히",
    "quietly": "조용히",
    "loudly": "크게",
    "carefully": "조심스럽게",
    "well": "잘",
}
OFTEN = {"always": "항상", "often": "자주", "sometimes": "가끔", "usually": "보통"}
TIMES: dict[Tense, dict[str, str]] = {
    "past": {"yesterday": "어제", "last night": "어젯밤에", "last week": "지난주에"},
    "present": {"every day": "매일", "every morning": "매일 아침", "on Sundays": "일요일마다"},
    "future": {"tomorrow": "내일", "next week": "다음 주에", "soon": "곧", "tonight": "오늘 밤에"},
}
ANY_TIME = {
    "today": "오늘",
    "in the morning": "아침에",
    "in the afternoon": "오후에",
    "in the evening": "저녁에",
    "at night": "밤에",
}
NAMES = {"Tom": "톰", "Anna": "안나", "Mina": "미나", "Minjun": "민준"}
PRONOUNS = {"I": "나", "you": "너", "he": "그", "she": "그녀", "we": "우리", "they": "그들"}
OBJECT_PRONOUNS = {"I": "me", "you": "you", "he": "him", "she": "her", "we": "us", "they": "them"}
SAME = {  # subject → the pronouns that would mean it, or some of it, once more
    "I": ("I", "we"),
    "we": ("I", "we", "you"),
    "you": ("you", "we"),
    "he": ("he",),
    "she": ("she",),
    "they": ("they",),
}
DETERMINERS = {"the": "그", "this": "이", "that": "저", "my": "내", "your": "네", "his": "그의", "her": "그녀의"}
NUMBERS = {"two": "두", "three": "세"}
WILD = ("bear", "tiger", "monkey")  # nobody's own
FUNCTION_WORDS = {"in", "the", "at", "on", "by"}  # no Korean word stands for them alone


@cache
def nouns_of(kinds: str) -> tuple[Noun, ...]:
    """The nouns of these kinds, and those named."""
    wanted = set(kinds.split())
    return tuple(noun for noun in NOUNS.values() if noun.kind in wanted or noun.english in wanted)


@cache
def attributes_of(noun: Noun) -> tuple[Attribute, ...]:
    """What can stand before the noun."""
    return tuple(attribute for attribute in ATTRIBUTES if noun in nouns_of(attribute.of))


def determiners_of(noun: Noun) -> tuple[str, ...]:
    """The determiners of a noun that is spoken about; those given twice are likelier."""
    if noun.plain_the:
        return ("the",)
    if noun.kind == "family":
        return ("my", "your", "his", "her")
    if noun.kind == "subject":
        return ("",)
    definite = ("the", "the", "this", "that")
    own = noun.english == "friend" or (noun.kind in ("thing", "wear", "animal") and noun.english not in WILD)
    return (*definite, "my", "your", "his", "her") if own else definite
