// Keys move the page by what is on it: a lesson's own buttons, the strip's, the links of the sidebar. Everything the
// visitor can do with them is done by a click; so nothing here knows what a page is made of.

const AWAKE = 2500; // ms that the bar stays plain after the pointer moved
const PICTURE = 160; // px that a component is high at least to count as a picture
const SETTLED = 20; // looks without anything new, 60 ms apart, until a page counts as drawn
const HOME = 14; // px between the strip at the top and what is under it
const MOST_MOVES = 8; // presses that are kept while the page is busy
const NEAR = 8; // px by which a map in the full screen may miss its width: margins follow it
const REST = 250; // ms that nothing runs until a press counts as answered: one answer may be several runs
const UNHEARD = 10_000; // ms after a press in which its run begins, if there is to be one
const [LONGEST_WAIT, PATIENCE] = [5000, 30_000]; // ms for the page to rest; where there is nothing to press, for it to come
const SAID = 400; // ms between two words to the timer
const BUSY = 'input:not([type="radio"], [type="checkbox"]), textarea, select, [contenteditable="true"], [role="textbox"]';
const MODIFIERS = new Set(["Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock"]);
const OWN_KEYS = `${BUSY}, [role="slider"], [role="combobox"], [role="listbox"], [role="menu"], [role="menuitem"], [role="radiogroup"], [role="grid"], [role="application"], [role="tablist"], [role="spinbutton"], [role="dialog"], input`;
const LESSON_NEXT = ["lesson-check", "lesson-show", "lesson-next"]; // what a step still hides comes before the next step

const here = (window.attentionPresenter ??= { timer: null });

export default function ({ data, parentElement, setTriggerValue }) {
  document.documentElement.lang = data.language;
  const box = (parentElement.host ?? parentElement).closest(".stElementContainer"); // a shadow root, or not
  if (box) box.style.position = "absolute";
  Object.assign(here, { data, wish: (kind, more) => setTriggerValue("wish", { kind, screen: screenNow(), ...more }) });
  here.root = parentElement.querySelector(".presenter");
  here.onKey = onKey;
  here.onMessage = onMessage;
  here.onFull = onFull;
  here.tick = tick;
  here.wake = wake;
  here.measure = measure;
  here.stay = stay;
  here.onPointer = onPointer;
  here.onState = onState;
  if (!here.listening) {
    here.listening = true;
    const states = { subtree: true, attributeFilter: ["data-test-script-state"] };
    new MutationObserver(() => here.onState()).observe(document.body, states);
    window.addEventListener("keydown", (event) => here.onKey(event), true);
    window.addEventListener("message", (event) => here.onMessage(event));
    document.addEventListener("fullscreenchange", () => here.onFull());
    window.addEventListener("pointermove", () => here.wake(), { passive: true });
    window.addEventListener("resize", () => here.measure());
    for (const act of ["wheel", "touchmove"]) window.addEventListener(act, () => here.stay(), { passive: true });
    // on its way down: buttons keep it for themselves
    window.addEventListener("pointerdown", (event) => here.onPointer(event), { capture: true, passive: true });
    setInterval(() => here.tick(), SAID);
  }
  build();
  measure();
  const place = data.presenting ? data.title : null;
  if (place && here.place !== place) goHome(); // a page begins with its picture in sight
  here.place = place;
}

const screenNow = () => [window.innerWidth, window.innerHeight];

/** Figures are drawn for the screen that Python knows of. */
function measure() {
  clearTimeout(here.measured);
  if (!here.data.presenting || document.fullscreenElement) return;
  here.measured = setTimeout(() => {
    const now = screenNow();
    if (!here.data.presenting || document.fullscreenElement || String(now) === String(here.data.screen)) return;
    if (String(now) === here.asked) return; // Python takes no screen as small or as large as this
    here.asked = String(now);
    here.wish("screen");
  }, 150);
}

// -- what is on the page ---------------------------------------------------------------------------------

const seen = (node) => node?.checkVisibility({ visibilityProperty: true }) && !node.disabled;
const pressable = (key) => {
  const place = document.querySelector(`.st-key-${key}`);
  const button = place?.matches("button, a") ? place : place?.querySelector("button, a");
  return seen(button) ? button : null;
};
const strip = () => [...document.querySelectorAll('.st-key-chain [role="radio"]')].filter(seen);
const inLesson = () => Boolean(document.querySelector(".st-key-lesson-next, .st-key-lesson-back, .st-key-lesson-show"));
const linkTo = (page) =>
  [...document.querySelectorAll('[data-testid="stSidebar"] a')].find((link) => pathOf(link.href) === page);
const pathOf = (address) => new URL(address, document.baseURI).pathname.split("/").pop();

/** What → and ← press, as [element, what it is called]; null where there is nothing. */
function neighbour(way) {
  if (inLesson()) {
    const keys = way > 0 ? LESSON_NEXT : ["lesson-back"];
    const button = keys.map(pressable).find(Boolean);
    return button ? [button, button.textContent.trim()] : null;
  }
  const parts = strip();
  const at = parts.findIndex((part) => part.ariaChecked === "true");
  const part = at < 0 ? null : parts[at + way];
  if (part) return [part, part.textContent.trim()];
  const page = here.data.around[way > 0 ? 1 : 0];
  const link = page === null ? null : linkTo(page);
  return link ? [link, way > 0 ? here.data.nextTitle : ""] : null;
}

function position() {
  const parts = strip();
  if (inLesson() || !parts.length) return "";
  return `${parts.findIndex((part) => part.ariaChecked === "true") + 1}/${parts.length}`;
}

const idle = () => document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState === "notRunning";

/** One press after the other: while a step is still being drawn, Streamlit would take the next press for one before it,
 *  and write the step's address over that of the page after it; what is drawn from before is pressed in vain. */
function move(way) {
  here.moves = [...(here.moves ?? []), { way, asked: performance.now() }].slice(-MOST_MOVES);
  clearTimeout(here.moving);
  step();
}

function step() {
  if (!here.data.presenting || !here.moves.length) return drop();
  const [{ way, asked }] = here.moves;
  const waited = performance.now() - Math.max(asked, here.pressed ?? 0);
  const found = neighbour(way)?.[0];
  const element = found?.closest('[data-stale="true"]') ? null : found;
  if (heard() && (rests() || waited > (element ? LONGEST_WAIT : PATIENCE))) {
    here.moves.shift();
    if (element) press(element);
  }
  if (here.moves.length) here.moving = setTimeout(step, 40);
}

/** The visitor goes on to something else: what was pressed before is for a page that is gone. */
function drop() {
  clearTimeout(here.moving);
  here.moves = [];
}

function press(element) {
  Object.assign(here, { pressed: performance.now(), from: location.href });
  if (document.fullscreenElement) document.exitFullscreen();
  element.click();
  goHome();
}

/** Whether the page has run since the last press. A busy server begins late, and until then the page looks at rest; of a
 *  run that a busy browser hears of only when it has ended, the address is all that is seen. */
function heard() {
  const now = performance.now();
  if (here.pressed === undefined || here.ran > here.pressed) return true;
  if (location.href === here.from) return now - here.pressed > UNHEARD;
  here.ran = here.turned = now;
  return true;
}

/** Whether all is drawn: the bar comes last, and knows what is around this page and not the one before. */
const rests = () => here.root?.isConnected && idle() && performance.now() - (here.turned ?? 0) > REST;

/** When the page began to run, and when it last began or ended. */
function onState() {
  here.turned = performance.now();
  if (!idle()) here.ran = here.turned;
}

/** Brings the strip to the top, with the step's words and picture under it; what is typed and chosen lies above. For as
 *  long as the step is being drawn, or until the visitor does something else. */
function goHome() {
  clearInterval(here.homing);
  let still = 0;
  here.homing = setInterval(() => {
    still = idle() ? still + 1 : 0;
    if (still > SETTLED) stay();
    const strip = document.querySelector('[data-testid="stLayoutWrapper"]:has(> .st-key-chain)');
    const first = strip?.nextElementSibling;
    const by = first ? first.getBoundingClientRect().top - strip.getBoundingClientRect().height - HOME : -main().scrollTop;
    const further = by + hidden(by);
    if (Math.abs(further) > 2) main().scrollBy({ top: further, behavior: "instant" });
    toAnswer();
  }, 60);
}

/** How much of a lesson's first picture is below the edge when the page has gone up by so much, as far as it fits. */
function hidden(by) {
  const picture = inLesson() && !document.querySelector(".st-key-lesson-question") && pictures()[0];
  if (!picture) return 0;
  const { top, bottom } = picture.getBoundingClientRect();
  const edge = document.querySelector('[data-testid="stAppViewContainer"]').getBoundingClientRect().bottom; // over the bar
  return Math.max(0, Math.min(bottom - by - edge + HOME, top - by - roof() - HOME));
}

/** A lesson's words begin with what came of its question. */
function toAnswer() {
  const words = document.querySelector('[data-testid="stLayoutWrapper"]:has(> .st-key-lesson)');
  const answer = words?.querySelector(".st-key-lesson-answer");
  if (!words) return;
  words.scrollTop = answer ? words.scrollTop + answer.getBoundingClientRect().top - words.getBoundingClientRect().top : 0;
}

const stay = () => clearInterval(here.homing);

// -- pictures --------------------------------------------------------------------------------------------

const main = () => document.querySelector('[data-testid="stMain"]');

function pictures() {
  const all = [...(main()?.querySelectorAll('[data-testid="stPlotlyChart"], [data-testid="stBidiComponent"]') ?? [])];
  const wide = (node) => node.dataset.testid === "stPlotlyChart" || node.getBoundingClientRect().height >= PICTURE;
  return all.filter((node) => seen(node) && wide(node));
}

/** Where the strip ends, under which a picture begins. */
function roof() {
  const chain = document.querySelector(".st-key-chain");
  return chain ? chain.getBoundingClientRect().height + 4 : 4;
}

function toPicture(way) {
  stay();
  const top = main().getBoundingClientRect().top + roof();
  const tops = pictures().map((node) => node.getBoundingClientRect().top - top);
  const beyond = tops.filter((at) => (way > 0 ? at > 8 : at < -8));
  const by = beyond.length ? (way > 0 ? Math.min(...beyond) : Math.max(...beyond)) : way * 0.6 * innerHeight;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  main().scrollBy({ top: by, behavior: still ? "instant" : "smooth" });
}

function pictureInView() {
  const shown = (node) => {
    const box = node.getBoundingClientRect();
    const side = (from, to, end) => Math.max(0, Math.min(to, end) - Math.max(from, 0));
    return side(box.left, box.right, innerWidth) * side(box.top, box.bottom, innerHeight);
  };
  const all = pictures().map((node) => [shown(node), node]);
  const [area, node] = all.sort((a, b) => b[0] - a[0])[0] ?? [0];
  return area ? node : null;
}

/** The container of a figure outlives the figure, which is put anew whenever it changes. */
const containerOf = (node) => node.closest(".stVerticalBlock") ?? node;

function full() {
  if (document.fullscreenElement) return document.exitFullscreen();
  const picture = pictureInView();
  if (!picture) return null;
  const own = picture.dataset.testid === "stPlotlyChart" ? containerOf(picture) : picture;
  here.sizes = new WeakMap();
  return own.requestFullscreen();
}

/** Brings the figures in the full screen to its size, and back to theirs. */
function onFull() {
  const place = document.fullscreenElement;
  clearInterval(here.fitting);
  if (place) {
    here.full = place;
    fit(place);
    here.fitting = setInterval(() => fit(place), 200); // also those that are put in place of them
    return;
  }
  for (const plot of here.full?.querySelectorAll(".js-plotly-plot") ?? []) {
    const size = here.sizes?.get(plot);
    if (size && plot._fullLayout) window.Plotly.relayout(plot, size);
  }
  here.full = null;
  window.dispatchEvent(new Event("resize")); // Streamlit measures its figures anew
}

function fit(place) {
  for (const plot of place.querySelectorAll(".js-plotly-plot")) {
    const size = plot._fullLayout;
    if (!size || !seen(plot)) continue;
    const { width, height } = fitted(size);
    if (Math.abs(size.width - width) < NEAR && size.height === height) continue;
    // the room first: Streamlit gives a figure the width that it has
    plot.closest(".stElementContainer")?.style.setProperty("--picture", `${width}px`);
    if (!here.sizes.has(plot)) here.sizes.set(plot, { width: size.width, height: size.height });
    window.Plotly.relayout(plot, { width, height });
  }
}

/** The screen's; of one map, whose cells are square, only the width that it takes there. */
function fitted({ _size, _subplots, xaxis, yaxis }) {
  const [width, height] = screenNow();
  if (_subplots.cartesian.length !== 1 || !yaxis.scaleanchor) return { width, height };
  const span = (axis) => Math.abs(axis.range[1] - axis.range[0]);
  const across = ((height - _size.t - _size.b) * span(xaxis)) / span(yaxis);
  return { width: Math.min(width, Math.round(across + _size.l + _size.r)), height };
}

// -- dark and light ----------------------------------------------------------------------------------------

/** Streamlit's own menu, which turns everything at once and keeps the choice; out of sight. */
async function turnTheme() {
  const dark = themeIsDark();
  const open = document.querySelector('[data-testid="stMainMenuButton"], [data-testid="stMainMenu"] button');
  if (!open) return;
  document.documentElement.classList.add("presenter-turning");
  open.click();
  for (let tries = 0; tries < 40; tries++) {
    await new Promise((done) => setTimeout(done, 25));
    const item = document.querySelector(`[data-testid="stMainMenuItem-theme-${dark ? "Light" : "Dark"}"]`);
    if (!item) continue;
    item.click();
    break;
  }
  setTimeout(() => {
    if (document.querySelector('[data-testid="stMainMenuPopover"]')) open.click();
    setTimeout(() => document.documentElement.classList.remove("presenter-turning"), 300);
  }, 50);
}

function themeIsDark() {
  const [r, g, b] = getComputedStyle(document.querySelector('[data-testid="stApp"]')).backgroundColor.match(/\d+/g).map(Number);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b < 100;
}

// -- the timer -----------------------------------------------------------------------------------------------

function time() {
  const { words, language } = here.data;
  here.timer = openTimer(words, language);
  if (!here.timer) here.say(words.blocked);
}

function onMessage({ source, origin, data }) {
  if (origin !== location.origin) return;
  if (data?.presenterTimer) here.timer = source;
  if (data?.presenterKey && source === here.timer && here.data.presenting) MOVES[data.presenterKey]?.();
}

/** The bar, and the timer where there is one, say where the page is. */
function tick() {
  if (here.root?.isConnected && here.data.presenting) place();
  if (!here.timer || here.timer.closed) return;
  const parts = strip();
  const part = parts.find((one) => one.ariaChecked === "true")?.textContent.trim();
  const heading = inLesson() ? document.querySelector(".st-key-lesson h2, .st-key-lesson h3, .st-key-lesson h4") : null;
  const now = [heading?.textContent.trim() ?? here.data.title, heading ? "" : part].filter(Boolean).join(" · ");
  const next = neighbour(1)?.[1] ?? here.data.words.end;
  here.timer.postMessage({ presenterPage: { now, next, position: position() } }, location.origin);
}

// -- keys ------------------------------------------------------------------------------------------------------

const MOVES = {
  ArrowRight: () => move(1),
  PageDown: () => move(1),
  ArrowLeft: () => move(-1),
  PageUp: () => move(-1),
};
const TURNS = {
  ArrowDown: () => toPicture(1),
  ArrowUp: () => toPicture(-1),
  f: full,
  l: () => here.wish("lock", { value: !here.data.locked }),
  d: turnTheme,
  t: time,
  h: () => help(),
  "?": () => help(),
};

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const at = event.composedPath().find((node) => node instanceof Element);
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const between = !here.root?.isConnected; // one page has gone, the bar of the next comes last: a step is remembered
  const act = between && !MOVES[key] ? null : actOf(key, at);
  if (!act) {
    if (!MODIFIERS.has(event.key)) leave(); // the visitor does something of his own
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
  act();
}

function actOf(key, at) {
  if (at?.closest(BUSY)) return null; // somebody writes
  if (key === "p") return turn;
  if (!here.data.presenting) return null;
  if (here.help?.open) return key === "h" || key === "?" ? help : null;
  const paging = key === "PageDown" || key === "PageUp"; // a clicker's: they are nobody else's
  const own = at?.closest(OWN_KEYS);
  const free = !own || own.closest(".st-key-chain") || paging || key.length === 1;
  if (!free || (key.length === 1 && own && !own.matches('[role="application"], [role="radiogroup"], input'))) return null;
  return MOVES[key] ?? TURNS[key] ?? null;
}

/** Presses on the bar's own buttons are presses too. */
function onPointer(event) {
  if (event.composedPath().includes(here.root)) stay();
  else leave();
}

/** Neither goes on to what was pressed, nor back to the strip. */
function leave() {
  drop();
  stay();
}

function turn() {
  drop();
  if (document.fullscreenElement) document.exitFullscreen();
  here.wish("present", { value: !here.data.presenting });
}

// -- the bar ---------------------------------------------------------------------------------------------------

function build() {
  const { root, data } = here;
  root.hidden = !data.presenting;
  root.lang = data.language;
  root.replaceChildren();
  here.help = null;
  if (!data.presenting) return;
  const { words } = data;
  const bar = make("div", "bar");
  bar.setAttribute("role", "toolbar");
  bar.ariaLabel = words.bar;
  here.note = make("span", "note");
  here.note.setAttribute("role", "status");
  here.note.textContent = data.locked ? words.locked : "";
  here.say = (text) => {
    here.note.textContent = text;
    wake();
  };
  here.back = button("‹", words.back, () => move(-1));
  here.next = button("›", words.next, () => move(1));
  here.position = make("span", "position");
  bar.append(here.note, here.back, here.position, here.next);
  bar.append(button("?", words.help, () => help()), button("×", words.leave, turn));
  here.help = make("dialog", "help");
  here.help.ariaLabel = words.help;
  const table = make("dl", "");
  for (const [key, says] of data.keys) {
    const [name, meaning] = [make("dt", ""), make("dd", "")];
    for (const one of key.split(" ")) name.append(make("kbd", "", one));
    meaning.textContent = says;
    table.append(name, meaning);
  }
  here.help.append(table, button(words.close, words.close, () => help()));
  root.append(bar, here.help);
  place();
  wake();
}

function make(name, className, text = "") {
  return Object.assign(document.createElement(name), { className, textContent: text });
}

function button(text, label, press) {
  const made = make("button", "", text);
  made.type = "button";
  made.title = made.ariaLabel = label;
  made.onclick = press;
  return made;
}

function place() {
  here.position.textContent = position();
  here.back.disabled = !neighbour(-1);
  here.next.disabled = !neighbour(1);
}

function help() {
  if (here.help.open) here.help.close();
  else here.help.showModal();
}

function wake() {
  if (!here.data?.presenting || !here.root) return;
  here.root.classList.add("awake");
  clearTimeout(here.sleep);
  here.sleep = setTimeout(() => here.root.classList.remove("awake"), AWAKE);
}
