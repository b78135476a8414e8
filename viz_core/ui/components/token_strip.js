// Tokens are real text in the page; lines are one SVG behind them. Where the tokens lie is measured when the
// text, the width or the theme changes; hovering only draws new lines.

const MOST_SAID = 3; // weights
const MOST_LINES = 4; // of text, before the strip scrolls inside itself

const states = new WeakMap();

export default function ({ data, parentElement }) {
  const { header, payload } = unpack(data);
  const root = parentElement.querySelector(".whole");
  let state = states.get(parentElement);
  if (!state) {
    state = { over: null, spoken: null };
    states.set(parentElement, state);
  }
  Object.assign(state, {
    root, header,
    links: new Links(payload, 1, header.tokens.length),
    strip: root.querySelector(".strip"),
    words: root.querySelector(".words"),
    lines: root.querySelector(".lines"),
  });
  state.deaf?.();
  state.deaf = board.listen(() => heard(state));
  const text = JSON.stringify(header.tokens);
  if (state.written !== text || state.writtenIn !== state.words) {
    // nobody knows where the new tokens lie before they are measured, which waits where the page is not shown yet
    Object.assign(state, { boxes: null, measured: null });
    Object.assign(state, { written: text, writtenIn: state.words, over: null, spoken: null, tinted: null });
    write(state);
  }
  state.says = root.querySelector(".says");
  switchable(root, header.words, (direction) => board.turn(direction));
  state.words.setAttribute("aria-label", header.words.label);
  state.words.onpointerover = (event) => look(state, numberOf(event.target) ?? state.over);
  state.words.onpointerleave = () => look(state, focusedOf(state));
  state.words.onclick = (event) => choose(state, numberOf(event.target));
  state.words.onkeydown = (event) => onKey(state, event);
  const still = onResize(state, state.strip, () => measure(state));
  const enough = onLetters(state, () => {
    state.measured = null;
    measure(state);
  });
  measure(state);
  return atEnd(state, () => {
    still();
    enough();
    state.deaf();
  });
}

// -- the text ----------------------------------------------------------------------------------------

function write(state) {
  const { words, header } = state;
  words.replaceChildren();
  state.tokens = [];
  // Tokens of one word stay on one line, unless there is no end of them (a script without blanks).
  let word = [];
  const flush = () => {
    const together = word.length > 1 && word.reduce((sum, token) => sum + token.textContent.length, 0) <= 24;
    if (together) {
      const held = document.createElement("span");
      held.className = "word";
      held.append(...word);
      words.append(held);
    } else words.append(...word);
    word = [];
  };
  header.tokens.forEach((label, i) => {
    const spaced = label.startsWith("·");
    if (spaced) {
      flush();
      const gap = document.createElement("span");
      gap.className = "gap";
      gap.textContent = " ";
      words.append(gap);
    }
    const token = document.createElement("span");
    const text = spaced && label.length > 1 ? label.slice(1) : label;
    token.className = "token";
    token.classList.toggle("blank", /^[·⏎]+$/.test(text));
    token.classList.toggle("mark", text.length === 1);
    token.textContent = text;
    token.dir = "auto";
    token.tabIndex = -1;
    token.setAttribute("aria-selected", false);
    token.title = `${i}  ${label}`;
    token.dataset.tokenIndex = i;
    token.onfocus = () => look(state, i);
    token.onblur = () => look(state, null);
    token.setAttribute("role", "option");
    token.setAttribute("aria-label", `${i}: ${text}`);
    word.push(token);
    state.tokens.push(token);
    if (label.endsWith("⏎") && !header.tokens[i + 1]?.startsWith("⏎")) {
      flush();
      words.append(document.createElement("br"));
    }
  });
  flush();
}

/** Sizes of type, then where every token came to lie. */
function measure(state) {
  const { root, strip, tokens, lines } = state;
  if (!strip.clientWidth) return; // in a tab that is not shown; the observer calls again
  const theme = (state.theme = themeOf(strip));
  const own = (state.own = state.header.colours[theme.name]);
  if (state.inked !== theme.text) {
    state.inked = theme.text;
    state.ramp = ramp(own.weights);
    state.inks = state.ramp.map((tint) => legible(tint, rgb(theme.text), theme.text));
  }
  const size = Math.round(Math.min(28, Math.max(16, 30 - tokens.length / 4)) * theme.scale);
  const [line, above] = [Math.round(size * 1.32), Math.round(size * 0.5 + 10)]; // above: where the arcs run
  const least = parseFloat(getComputedStyle(strip).getPropertyValue("--least-type")) || 0; // of type, when presenting
  const type = Math.max(11, 0.46 * size, least);
  const below = Math.max(Math.round(size * 0.55), Math.ceil(type * 1.1)); // where the percentages stand
  const place = [size, strip.clientWidth, theme.font, state.written].join();
  if (state.measured !== place) {
    state.measured = place;
    Object.assign(state, { above, label: type + 3 });
    const lengths = { size, line, above, below, pitch: line + above + below };
    for (const [name, length] of Object.entries(lengths)) root.style.setProperty(`--${name}`, `${length}px`);
    strip.style.maxHeight = `${MOST_LINES * lengths.pitch}px`;
    const origin = lines.getBoundingClientRect();
    state.boxes = tokens.map((token) => {
      const box = token.getBoundingClientRect();
      return { left: box.left - origin.left, top: box.top - origin.top, width: box.width, height: box.height };
    });
  }
  root.style.setProperty("--query", own.query);
  root.style.setProperty("--key", own.key);
  state.revealed = null;
  show(state);
}

// -- the lines ---------------------------------------------------------------------------------------

/** The board has changed: perhaps a cell of a map is pointed at, whose token this shows too. */
function heard(state) {
  if (state.boxes) show(state);
}

function show(state) {
  const { tokens, boxes, lines, theme, ramp, header } = state;
  const { direction } = board;
  if (state.strip.dataset.direction !== direction) {
    state.strip.dataset.direction = direction;
    state.root.style.setProperty("--end", `var(--${direction === "from" ? "query" : "key"})`);
    showSwitch(state.root, direction);
  }
  const chosen = board.value?.query;
  if (chosen === undefined || chosen >= tokens.length) return;
  if (state.revealed !== chosen) reveal(state, (state.revealed = chosen));
  const pointed = board.hover?.[direction === "from" ? "query" : "key"];
  const row = state.over ?? (pointed < tokens.length ? pointed : null) ?? chosen;
  const seen = state.links[direction](0, row);
  // a row that looks everywhere alike has no weight that is seen: say so, rather than let it seem to look nowhere
  const left = direction === "from" ? 1 - seen.reduce((sum, [, weight]) => sum + weight, 0) : 0;
  const percent = (share) => `${Math.round(100 * share)}\u202f%`;
  const faint = header.words.faint.replace("{least}", percent(header.least)).replace("{share}", percent(left));
  state.says.textContent = left > 0.25 ? faint : header.words.says;
  for (const token of state.tinted ?? []) token.style.background = token.style.color = token.style.boxShadow = "";
  state.tinted = seen.map(([key, weight]) => {
    // sqrt, like the small maps of all heads, so that a few percent are still seen
    const depth = Math.round(255 * Math.sqrt(weight));
    tokens[key].style.background = `rgb(${ramp[depth]})`;
    tokens[key].style.boxShadow = `0 0 0 1.5px rgb(${ramp[depth]})`;
    tokens[key].style.color = state.inks[depth];
    return tokens[key];
  });
  for (const i of new Set([...(state.spoken ?? []), chosen, row])) {
    tokens[i].setAttribute("aria-selected", i === chosen);
    tokens[i].classList.toggle("shown", i === row);
    tokens[i].tabIndex = i === row ? 0 : -1;
  }
  state.spoken = [chosen, row];
  saysWhere(tokens[row], header.words, direction, seen.slice(0, MOST_SAID).map(([to, weight]) => [tokens[to].textContent, weight]));
  state.strip.dataset.row = chosen;
  state.strip.dataset.shown = row;

  const labelled = new Map(seen.slice(0, 2).filter(([, weight], i) => !i || weight >= 0.1));
  const spot = (i) => ({ ...boxes[i], under: labelled.has(i) ? state.label : 0 });
  const longest = Math.max(1, ...seen.map(([key]) => Math.abs(middle(boxes[key]) - middle(boxes[row]))));
  // what a token gives itself is told by its tint and its label: a loop would look like a padlock
  const drawn = seen.filter(([key]) => key !== row).map(([key, weight]) => {
    const path = svg("path");
    path.setAttribute("d", curve(spot(row), spot(key), state.above, longest));
    path.setAttribute("stroke", `rgb(${ramp[220]})`);
    path.setAttribute("stroke-width", (1.2 + (onOneLine(boxes[row], boxes[key]) ? 5 : 3) * weight) * theme.scale);
    path.setAttribute("opacity", 0.25 + 0.75 * weight);
    path.dataset.to = key;
    return path;
  });
  const labels = [...labelled].map(([key, weight]) => {
    const text = svg("text");
    text.setAttribute("x", middle(boxes[key]));
    text.setAttribute("y", boxes[key].top + boxes[key].height);
    text.setAttribute("dy", "1.05em");
    text.textContent = `${Math.round(weight * 100)}\u202f%`;
    return text;
  });
  lines.replaceChildren(...drawn.reverse(), ...labels); // the strongest on top
}

/** From the top of a token in an arc to another on its line, or in an S to one on another line. */
function curve(from, to, above, longest) {
  const [x, u] = [middle(from), middle(to)];
  if (onOneLine(from, to)) {
    // a cubic reaches three quarters of the way to its handles
    const rise = ((above - 4) * (0.4 + 0.6 * (Math.abs(x - u) / longest))) / 0.75;
    return `M${x},${from.top} C${x},${from.top - rise} ${u},${to.top - rise} ${u},${to.top}`;
  }
  const up = to.top < from.top;
  const foot = (box) => box.top + box.height + box.under; // below the label, where there is one
  const [y, v] = up ? [from.top, foot(to)] : [foot(from), to.top];
  const bend = Math.min(Math.abs(y - v) * 0.5, 60) * (up ? -1 : 1);
  return `M${x},${y} C${x},${y + bend} ${u},${v - bend} ${u},${v}`;
}

const onOneLine = (from, to) => Math.abs(from.top - to.top) < from.height / 2;
const middle = (box) => box.left + box.width / 2;
const svg = (name) => document.createElementNS("http://www.w3.org/2000/svg", name);

// -- what the visitor does ---------------------------------------------------------------------------

function numberOf(node) {
  const token = node.closest?.("[data-token-index]");
  return token ? Number(token.dataset.tokenIndex) : null;
}

const focusedOf = (state) => numberOf(state.words.querySelector(".token:focus-visible") ?? state.words);

/** Show the lines of this token for the moment, here and in the maps; null: of the chosen one. */
function look(state, index) {
  if (index === state.over) return;
  state.over = index;
  board.point(index === null ? null : { [board.direction === "from" ? "query" : "key"]: index }); // and so to show()
}

function choose(state, index) {
  if (index !== null) board.choose({ query: index, key: -1 });
}

/** Scroll inside itself until the token is in sight; the page does not move. */
function reveal(state, index) {
  const { strip, boxes } = state;
  const { top, height } = boxes[index];
  if (top < strip.scrollTop || top + height > strip.scrollTop + strip.clientHeight) {
    strip.scrollTop = top - strip.clientHeight / 2;
  }
}

function onKey(state, event) {
  const at = numberOf(event.target);
  if (at === null || !state.boxes || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    choose(state, at);
    return;
  }
  const last = state.tokens.length - 1;
  const to = {
    ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last,
    ArrowUp: beyond(state, at, -1), ArrowDown: beyond(state, at, 1),
  }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  const token = state.tokens[Math.min(Math.max(to, 0), last)];
  reveal(state, Math.min(Math.max(to, 0), last));
  token.focus({ preventScroll: true });
}

/** The token straight above or below, on the next line that way. */
function beyond(state, at, way) {
  const { boxes } = state;
  const tops = boxes.map((box) => box.top).filter((top) => (top - boxes[at].top) * way > boxes[at].height / 2);
  if (!tops.length) return at;
  const line = way > 0 ? Math.min(...tops) : Math.max(...tops);
  const distance = (i) => Math.abs(boxes[i].top - line) * 1000 + Math.abs(middle(boxes[i]) - middle(boxes[at]));
  return boxes.reduce((best, _, i) => (distance(i) < distance(best) ? i : best), at);
}
