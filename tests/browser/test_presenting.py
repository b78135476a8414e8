"""Presenter mode in the browser: driven by the keyboard alone, read from the last row."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.hand import at_rest, in_address, no_sideways_scroll, settled
from viz_core.figures.enlarged import LEAST_LINE, LEAST_TYPE
from viz_core.lessons.lesson import Lesson
from viz_core.lessons.shelf import lessons

SENTENCE = "The dog bit the man in the park"
LEAST_WORDS = 24  # pixels
BAR = "[data-testid=presenter] .bar"
MAIN = "document.querySelector('[data-testid=stMain]')"
SIZES_IN_FIGURES = """() => [...document.querySelectorAll('.js-plotly-plot text, .js-plotly-plot tspan')]
  .filter((node) => node.textContent.trim() && node.checkVisibility({ visibilityProperty: true }))
  .map((node) => [parseFloat(getComputedStyle(node).fontSize), node.textContent])"""
SIZES_OF_WORDS = """() => {
  const found = [];
  const walk = document.createTreeWalker(document.querySelector('[data-testid=stMain]'), NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const [text, node] = [walk.currentNode.textContent.trim(), walk.currentNode.parentElement];
    const apart = node.closest('.js-plotly-plot, .katex, style, script, svg, [data-testid=stIconMaterial]');
    if (text && !apart && node.checkVisibility({ visibilityProperty: true, opacityProperty: true })) {
      found.push([parseFloat(getComputedStyle(node).fontSize), text]);
    }
  }
  return found;
}"""
WIDTHS_OF_LINES = """() => [...document.querySelectorAll('.js-plotly-plot .scatterlayer path.js-line')]
  .map((node) => parseFloat(getComputedStyle(node).strokeWidth))"""
SLOW = """const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (data) { setTimeout(() => send.call(this, data), 700); };"""
UNSEEN = """const set = Element.prototype.setAttribute;
Element.prototype.setAttribute = function (name, value) {
  set.call(this, name, name === 'data-test-script-state' ? 'notRunning' : value);
};"""
COUNT = """() => {  // clicks on the strip before the page has run since the one before, and when each came
  const app = document.querySelector('[data-testid=stApp]');
  let [ran, from] = [true, location.href];
  window.unanswered = 0;
  window.clicked = [];
  new MutationObserver(() => { ran ||= app.dataset.testScriptState !== 'notRunning'; })
    .observe(app, { attributeFilter: ['data-test-script-state'] });
  document.querySelector('.st-key-chain').addEventListener('click', () => {
    window.unanswered += !ran && location.href === from;
    window.clicked.push(performance.now());
    [ran, from] = [false, location.href];
  }, true);
}"""
PRESSED = """(then) => {  // in one go: three keys, and then what the lecturer does instead
  const key = (name) => new KeyboardEvent('keydown', { key: name, bubbles: true, composed: true, cancelable: true });
  for (let press = 0; press < 3; press++) document.body.dispatchEvent(key('ArrowRight'));
  if (then === 'leave') return document.body.dispatchEvent(key('p'));
  const last = [...document.querySelectorAll('.st-key-chain [role=radio]')].at(-1);
  (then === 'type' ? document.querySelector('[aria-label="Type a sentence"]') : last)
    .dispatchEvent(new PointerEvent('pointerdown', { bubbles: true, composed: true }));
  if (then === 'choose a part') last.click();
}"""
LIMITS = """key => document.querySelector(`.st-key-${key} .js-plotly-plot`)._fullData
  .filter((trace) => trace.showscale).map((trace) => [trace.zmin, trace.zmax])"""


@pytest.fixture(params=[(1920, 1080, "light"), (1280, 720, "dark")], ids=["1080", "720"])
def hall(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A projector."""
    width, height, theme = request.param
    yield from _lecturer(browser, width, height, theme)


@pytest.fixture
def projector(browser: Browser) -> Iterator[Page]:
    yield from _lecturer(browser, 1280, 720, "light")


def _lecturer(browser: Browser, width: int, height: int, theme: Any) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
    page = context.new_page()
    page.set_default_timeout(60_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(f"page error: {error}"))
    yield page
    context.close()
    assert not complaints


def key(page: Page, name: str) -> None:
    page.keyboard.press(name)


def stands_at(page: Page, position: str) -> None:
    expect(page.locator(f"{BAR} .position")).to_have_text(position)


@pytest.mark.parametrize(
    ("where", "shows"),
    [("", "map"), ("inside_one_head?step=scores", "scores"), ("scaling?part=head", "own"), ("masks", "weights")],
)
def test_all_is_large_enough_for_the_last_row(hall: Page, address: str, where: str, shows: str) -> None:
    and_then = "&" if "?" in where else "?"
    hall.goto(f"{address}/{where}{and_then}text={quote(SENTENCE)}&present=1")
    settled(hall, shows)
    stands = hall.locator(BAR)
    expect(stands).to_be_visible()
    for _look in range(40):  # Plotly writes the numbers in cells small until the figure has its size
        small = [found for found in hall.evaluate(SIZES_IN_FIGURES) if found[0] < LEAST_TYPE]
        if not small:
            break
        hall.wait_for_timeout(250)
    assert not small, f"labels below {LEAST_TYPE} px: {small}"
    little = [found for found in hall.evaluate(SIZES_OF_WORDS) if found[0] < LEAST_WORDS]
    assert not little, f"words below {LEAST_WORDS} px: {little}"
    assert all(width >= LEAST_LINE for width in hall.evaluate(WIDTHS_OF_LINES))
    expect(hall.get_by_test_id("stSidebar")).to_be_hidden()
    expect(
        hall.locator("[class*=st-key-taking], .st-key-badge, .modebar-container").locator("visible=true")
    ).to_have_count(0)
    no_sideways_scroll(hall)


def test_keys_walk_through_the_parts_and_on_to_the_next_page(projector: Page, address: str) -> None:
    projector.goto(f"{address}/masks?text={quote(SENTENCE)}")
    settled(projector, "weights")
    key(projector, "p")
    in_address(projector, present="1")
    stands_at(projector, "1/4")
    for at, press in enumerate(["ArrowRight", "PageDown", "ArrowRight"], start=2):
        key(projector, press)
        stands_at(projector, f"{at}/4")
    in_address(projector, part="dropout")
    key(projector, "PageUp")
    stands_at(projector, "3/4")
    key(projector, "ArrowRight")
    stands_at(projector, "4/4")
    key(projector, "ArrowRight")
    projector.wait_for_url("**/positions?**")
    in_address(projector, present="1")
    stands_at(projector, "1/6")
    key(projector, "p")
    expect(projector.get_by_test_id("stSidebar")).to_be_visible()
    projector.wait_for_function("() => !new URLSearchParams(location.search).has('present')")


def test_presses_are_remembered_while_pages_come_and_go(projector: Page, address: str) -> None:
    projector.goto(f"{address}/masks?text={quote(SENTENCE)}&present=1&part=replaced")
    settled(projector, "weights")
    expect(projector.locator(BAR)).to_be_visible()
    at, of = map(int, (projector.locator(f"{BAR} .position").text_content() or "").split("/"))
    for _press in range(of - at + 2):  # through the parts that are left, to the next page, and on
        key(projector, "ArrowRight")
        projector.wait_for_timeout(100)
    projector.wait_for_url("**/positions?**")
    stands_at(projector, "2/6")


def test_presses_wait_for_a_server_that_begins_late(projector: Page, address: str) -> None:
    """Until it does the page looks at rest."""
    projector.add_init_script(SLOW)
    projector.goto(f"{address}/masks?text={quote(SENTENCE)}&present=1")
    settled(projector, "weights")
    expect(projector.locator(BAR)).to_be_visible()
    at_rest(projector)
    projector.evaluate(COUNT)
    for _press in range(2):
        key(projector, "ArrowRight")
    stands_at(projector, "3/4")
    in_address(projector, part="three")
    assert projector.evaluate("window.unanswered") == 0


def test_a_run_too_short_to_be_seen_counts_as_an_answer(projector: Page, address: str) -> None:
    """A busy browser draws only what is left when it has ended."""
    projector.add_init_script(UNSEEN)
    projector.goto(f"{address}/masks?text={quote(SENTENCE)}&present=1")
    settled(projector, "weights")
    expect(projector.locator(BAR)).to_be_visible()
    projector.wait_for_timeout(2_000)  # its runs cannot be waited for
    projector.evaluate(COUNT)
    for _press in range(2):
        key(projector, "ArrowRight")
    stands_at(projector, "3/4")
    first, second = projector.evaluate("window.clicked")
    assert second - first < 9_000, "it waited until it gave up"
    assert projector.evaluate("window.unanswered") == 0


@pytest.mark.parametrize("then", ["leave", "type", "choose a part"])
def test_presses_are_forgotten_when_the_lecturer_goes_on_to_something_else(
    projector: Page, address: str, then: str
) -> None:
    projector.goto(f"{address}/masks?text={quote(SENTENCE)}&present=1")
    settled(projector, "weights")
    expect(projector.locator(BAR)).to_be_visible()
    at_rest(projector)  # so that the first press is acted upon at once
    projector.evaluate(PRESSED, then)
    if then == "leave":
        expect(projector.get_by_test_id("stSidebar")).to_be_visible()
    projector.wait_for_timeout(3_000)
    expected = {"leave": "leak", "type": "leak", "choose a part": "dropout"}[then]
    in_address(projector, part=expected)


def test_the_chain_is_revealed_stage_by_stage(projector: Page, address: str) -> None:
    projector.goto(f"{address}/inside_one_head?text={quote(SENTENCE)}&present=1")
    for at in range(1, 9):
        stands_at(projector, f"{at}/8")
        if at < 8:
            key(projector, "ArrowRight")
    in_address(projector, step="output")
    top = projector.locator(".st-key-chain").bounding_box()
    assert top is not None
    assert top["y"] < 30, "the strip stands at the top, with the step under it"


def test_who_types_or_chooses_does_not_move_the_page(projector: Page, address: str) -> None:
    projector.goto(f"{address}/masks?text={quote(SENTENCE)}&present=1")
    settled(projector, "weights")
    box = projector.get_by_label("Type a sentence")
    box.fill("The cat")
    box.press("Home")
    for press in ["ArrowRight", "PageDown", "p", "l", "d", "t", "f", "?"]:
        box.press(press)
    expect(box).to_have_value("Tpldtf?he cat")
    box.press("Enter")
    in_address(projector, text="Tpldtf?he cat", present="1")
    stands_at(projector, "1/4")
    projector.goto(f"{address}/scaling?text={quote(SENTENCE)}&present=1")
    settled(projector, "own")
    slider = projector.locator(".st-key-setting-divisor input")
    slider.focus()
    slider.press("ArrowRight")
    projector.wait_for_url("**divisor=2**")
    stands_at(projector, "1/3")


def test_locked_colours_stay_over_a_change_of_head(projector: Page, address: str) -> None:
    where = f"inside_one_head?text={quote(SENTENCE)}&layer=1&head=2&step=scores&present=1"
    projector.goto(f"{address}/{where}")
    settled(projector, "scores")
    before = projector.evaluate(LIMITS, "scores")
    key(projector, "l")
    expect(projector.locator(f"{BAR} .note")).to_have_text("colours locked")
    expect(
        projector.locator(".st-key-scores .cbtitle, .st-key-scores .infolayer", has_text="locked").first
    ).to_be_attached()
    told = projector.url
    projector.mouse.move(640, 400)
    projector.mouse.wheel(0, -600)  # up to what is chosen
    projector.locator(".st-key-choose-head input").click()
    projector.get_by_role("option", name="0", exact=True).click()
    in_address(projector, head="0")
    expect(projector.locator(".st-key-scores .gtitle", has_text="L1·H0")).to_have_count(1)
    assert projector.evaluate(LIMITS, "scores")[0] == pytest.approx(before[0], rel=1e-4)
    projector.goto(told.replace("head=2", "head=3"))  # a link carries them
    expect(projector.locator(".st-key-scores .gtitle", has_text="L1·H3")).to_have_count(1)
    assert projector.evaluate(LIMITS, "scores")[0] == pytest.approx(before[0], rel=1e-4)
    expect(projector.locator(f"{BAR} .note")).to_have_text("colours locked")
    key(projector, "l")
    expect(projector.locator(f"{BAR} .note")).to_have_text("")
    projector.wait_for_function(f"before => ({LIMITS})('scores')[0][1] !== before", arg=before[0][1])


@pytest.mark.parametrize(("where", "shows"), [("", "map"), ("masks", "weights"), ("scaling?part=head", "own")])
def test_the_picture_in_view_fills_the_screen_and_comes_back(
    projector: Page, address: str, where: str, shows: str
) -> None:
    """A map as wide as its square cells are, in the middle."""
    projector.goto(f"{address}/{where}{'&' if '?' in where else '?'}text={quote(SENTENCE)}&present=1")
    settled(projector, shows)
    at_rest(projector)
    projector.locator(f".st-key-{shows} .js-plotly-plot").scroll_into_view_if_needed()
    size = f"""() => {{
      const {{ width, height }} = document.querySelector('.st-key-{shows} .js-plotly-plot')._fullLayout;
      return [width, height];
    }}"""
    before = projector.evaluate(size)
    key(projector, "f")
    projector.wait_for_function(f"() => document.fullscreenElement?.matches('.st-key-{shows}')")
    projector.wait_for_function(f"() => ({size})()[1] === innerHeight")
    projector.wait_for_timeout(1_000)
    now = projector.evaluate(size)
    box = projector.locator(f".st-key-{shows} .js-plotly-plot").bounding_box()
    assert box is not None
    assert (now[1], box["y"], box["height"]) == (720, 0, 720), "it stays so"
    assert box["x"] + box["width"] / 2 == pytest.approx(640, abs=2), "in the middle"
    assert now[0] < 1280
    key(projector, "f")
    projector.wait_for_function("() => !document.fullscreenElement")
    projector.wait_for_function(f"before => String(({size})()) === String(before)", arg=before)


def test_the_timer_is_in_a_window_of_its_own(projector: Page, address: str) -> None:
    projector.goto(f"{address}/masks?text={quote(SENTENCE)}&present=1")
    settled(projector, "weights")
    with projector.expect_popup() as opened:
        key(projector, "t")
    timer = opened.value
    expect(timer.locator("#elapsed")).to_have_text("00:02")
    expect(timer.locator("#now")).to_have_text("Masks · Mask lab")
    expect(timer.locator("#next")).to_have_text("Next: Leakage")
    expect(timer.locator("#position")).to_have_text("1/4")
    key(timer, "r")
    key(timer, " ")
    expect(timer.locator("body")).to_have_attribute("data-running", "false")
    key(timer, "PageDown")  # the clicker's keys come to the window that was used last
    stands_at(projector, "2/4")
    expect(timer.locator("#now")).to_have_text("Masks · Leakage")
    assert "00:0" not in projector.locator("body").inner_text()


def test_dark_and_light_without_losing_anything(projector: Page, address: str) -> None:
    projector.goto(f"{address}/masks?text={quote(SENTENCE)}&present=1")
    settled(projector, "weights")
    ground = "() => getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
    light = projector.evaluate(ground)
    key(projector, "d")
    projector.wait_for_function(f"light => ({ground})() !== light", arg=light)
    expect(projector.get_by_test_id("stMainMenuPopover")).to_have_count(0)
    stands_at(projector, "1/4")
    key(projector, "d")
    projector.wait_for_function(f"light => ({ground})() === light", arg=light)
    expect(projector.get_by_test_id("stMainMenuPopover")).to_have_count(0)


def test_the_keys_are_shown_and_the_language_is_told(projector: Page, address: str) -> None:
    projector.goto(f"{address}/masks?present=1&lang=ko")
    expect(projector.locator(BAR)).to_be_visible()
    assert projector.evaluate("document.documentElement.lang") == "ko"
    key(projector, "?")
    expect(projector.locator("[data-testid=presenter] dialog")).to_be_visible()
    key(projector, "ArrowRight")
    key(projector, "h")
    expect(projector.locator("[data-testid=presenter] dialog")).to_be_hidden()
    stands_at(projector, "1/4")


def stands(page: Page) -> None:
    """Whoever presents presses once the page is drawn; what listens comes last."""
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()
    expect(page.locator(BAR)).to_be_visible()


def test_a_whole_lesson_by_one_key(projector: Page, address: str) -> None:
    lesson = next(lesson for lesson in lessons("en") if isinstance(lesson, Lesson) and lesson.number == 3)
    projector.goto(f"{address}/lessons?lesson=3&present=1")
    for at, step in enumerate(lesson.steps, 1):
        in_address(projector, lesson="3", lesson_step=str(at), present="1")
        expect(projector.locator(".lesson-where")).to_contain_text(f"Step {at} of {len(lesson.steps)}")
        if step.ask is not None:
            expect(projector.locator(".st-key-lesson-show")).to_be_visible()
            stands(projector)
            key(projector, "ArrowRight")
            expect(projector.locator(".st-key-lesson-show")).to_have_count(0)
        stands(projector)
        if at < len(lesson.steps):
            key(projector, "ArrowRight")
    expect(projector.locator(".st-key-lesson-next")).to_contain_text("Next lesson")


def test_in_a_lesson_the_answer_and_the_picture_are_in_sight(projector: Page, address: str) -> None:
    projector.goto(f"{address}/?lesson=1&lesson_step=1&present=1")
    expect(projector.locator(".st-key-lesson-show")).to_be_visible()
    expect(projector.locator(BAR)).to_be_visible()
    at_rest(projector)
    key(projector, "ArrowRight")
    expect(projector.locator(".st-key-lesson-view .js-plotly-plot").first).to_be_attached()
    projector.wait_for_function(
        """() => {
          const [answer, picture, next] = ['.st-key-lesson-answer', '.st-key-lesson-view .js-plotly-plot',
            '.st-key-lesson-next'].map((name) => document.querySelector(name)?.getBoundingClientRect());
          const edge = document.querySelector('[data-testid=stAppViewContainer]').getBoundingClientRect().bottom;
          const whole = [picture, next].every((box) => box?.bottom <= edge);
          return edge < innerHeight && answer?.top >= 0 && answer.top < edge / 3 && whole;
        }"""
    )
    expect(projector.locator(".st-key-lesson-bar")).to_be_hidden()


def test_in_a_lesson_the_answer_comes_before_the_next_step(projector: Page, address: str) -> None:
    projector.goto(f"{address}/?lesson=1&lesson_step=1&present=1")
    expect(projector.locator(".st-key-lesson-show")).to_be_visible()
    expect(projector.locator(BAR)).to_be_visible()  # it comes last
    key(projector, "PageDown")
    expect(projector.locator(".st-key-lesson-show")).to_have_count(0)
    in_address(projector, lesson_step="1", present="1")
    # until then the bar knows no next step
    expect(projector.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()
    key(projector, "PageDown")
    in_address(projector, lesson_step="2", present="1")
    key(projector, "PageUp")
    in_address(projector, lesson_step="1", present="1")
