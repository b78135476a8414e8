// Tokens are real text in the page; lines are one SVG behind them. Where the tokens lie is measured when the
// text, the width or the theme changes; hovering only draws new lines.

const LEAST = 0.02; // weights below are not drawn
const MOST_LINES = 4; // of text, before the strip scrolls inside itself

const states = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const { header, payload } = unpack(data);
  const root = parentElement.querySelector(".strip");
  let state = states.get(parentElement);
  if (!state) {
    state = { choice: new Choice(header.answered), over: null, spoken: null };
    states.set(parentElement, state);
    document.fonts.ready.then(() => measure(state));
  }
  const cells = header.tokens.length * header.k;
  Object.assign(state, {
    root, header, setTriggerValue,
    words: root.querySelector(".words"),
    lines: root.querySelector(".lines"),
    keys: new Uint32Array(payload, 0, cells),
    weights: new Float32Array(payload, cells * 4, cells),
  });
  state.choice.hear(header);
  const text = JSON.stringify(header.tokens);
  if (state.written !== text || state.writtenIn !== state.words) {
    Object.assign(state, { written: text, writtenIn: state.words, over: null });
    write(state);
  }
  state.words.setAttribute("aria-label", header.words.label);
  state.words.onpointerover = (event) => look(state, numberOf(event.target) ?? state.over);
  state.words.onpointerleave = () => look(state, focusedOf(state));
  state.words.onclick = (event) => choose(state, numberOf(event.target));
  state.words.onkeydown = (event) => onKey(state, event);
  if (state.observed !== root) {
    state.observer?.disconnect();
    state.observer = new ResizeObserver(() => measure(state));
    state.observer.observe(root);
    state.observed = root;
  }
  measure(state);
  return () => state.observer.disconnect();
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
  const { root, tokens, lines } = state;
  if (!root.clientWidth) return; // in a tab that is not shown; the observer calls again
  const theme = (state.theme = themeOf(root));
  const own = state.header.colours[theme.name];
  state.ramp = ramp(own.weights);
  const size = Math.round(Math.min(28, Math.max(16, 30 - tokens.length / 4)) * theme.scale);
  const [line, above] = [Math.round(size * 1.32), Math.round(size * 0.5 + 10)]; // above: where the arcs run
  const below = Math.max(12, Math.round(size * 0.55)); // where the percentages stand
  Object.assign(state, { above, label: Math.max(11, 0.46 * size) + 3 });
  root.style.setProperty("--size", `${size}px`);
  root.style.setProperty("--line", `${line}px`);
  root.style.setProperty("--above", `${above}px`);
  root.style.setProperty("--below", `${below}px`);
  root.style.setProperty("--pitch", `${line + above + below}px`);
  root.style.setProperty("--query", own.query);
  root.style.maxHeight = `${MOST_LINES * (line + above + below)}px`;
  const origin = lines.getBoundingClientRect();
  state.boxes = tokens.map((token) => {
    const box = token.getBoundingClientRect();
    return { left: box.left - origin.left, top: box.top - origin.top, width: box.width, height: box.height };
  });
  reveal(state, state.choice.value[0]);
  show(state);
}

// -- the lines ---------------------------------------------------------------------------------------

function show(state) {
  const { tokens, boxes, lines, theme, header, ramp } = state;
  const chosen = state.choice.value[0];
  const row = state.over ?? chosen;
  const seen = [];
  for (let i = row * header.k; i < (row + 1) * header.k; i++) {
    if (state.weights[i] >= LEAST) seen.push([state.keys[i], state.weights[i]]);
  }
  for (const token of state.tinted ?? []) token.style.background = token.style.color = token.style.boxShadow = "";
  state.tinted = seen.map(([key, weight]) => {
    // sqrt, like the small maps of all heads, so that a few percent are still seen
    const tint = ramp[Math.round(255 * Math.sqrt(Math.min(weight, 1)))];
    tokens[key].style.background = `rgb(${tint})`;
    tokens[key].style.boxShadow = `0 0 0 1.5px rgb(${tint})`;
    tokens[key].style.color = legible(tint, theme);
    return tokens[key];
  });
  if (state.spoken !== `${chosen} ${row}`) {
    tokens.forEach((token, i) => {
      token.setAttribute("aria-selected", i === chosen);
      token.classList.toggle("shown", i === row);
      token.tabIndex = i === row ? 0 : -1;
    });
    state.spoken = `${chosen} ${row}`;
  }
  state.root.dataset.row = chosen;
  state.root.dataset.shown = row;

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

/** The theme's text colour where it can be read (4.5 : 1), else black or white; one of the two always can. */
function legible(tint, theme) {
  if (contrast(tint, rgb(theme.text)) >= 4.5) return theme.text;
  return luminance(tint) > 0.18 ? "#000" : "#fff";
}

// -- what the visitor does ---------------------------------------------------------------------------

function numberOf(node) {
  const token = node.closest?.("[data-token-index]");
  return token ? Number(token.dataset.tokenIndex) : null;
}

const focusedOf = (state) => numberOf(state.words.querySelector(".token:focus-visible") ?? state.words);

/** Show the lines of this token for the moment; null: of the chosen one. */
function look(state, index) {
  if (index === state.over) return;
  state.over = index;
  show(state);
}

function choose(state, index) {
  if (index === null || !state.choice.make([index], state.setTriggerValue, 0)) return;
  show(state);
}

/** Scroll inside itself until the token is in sight; the page does not move. */
function reveal(state, index) {
  const { root, boxes } = state;
  const { top, height } = boxes[index];
  if (top < root.scrollTop || top + height > root.scrollTop + root.clientHeight) {
    root.scrollTop = top - root.clientHeight / 2;
  }
}

function onKey(state, event) {
  const at = numberOf(event.target);
  if (at === null || event.ctrlKey || event.metaKey || event.altKey) return;
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
