// Tokens are real text in the page, lines one canvas between them that stays while the tokens scroll: only what is
// in sight is painted. Faint lines, the many, are kept aside; hovering draws one token's.

const HEIGHT = 520; // px: a longer text scrolls inside itself
const PITCH = [18, 24]; // px from token to token, for long and for short texts
const MID = 560; // px at most from column to column: a longer line is hard to follow
const MOST_FAINT = 1200; // lines in sight; more would be a grey area, and slow
const FAINT = 0.05; // a weight below is a hairline, which is ten times faster than a line of two device px
const SHADES = 8; // of faint lines: all of one shade are one stroke
const LABELLED = 3; // weights that are written
const NAMED = 560; // px of width from which a weight says whose it is
const OTHER = { from: "to", to: "from" };
const END = { from: "query", to: "key" }; // what the tokens of a column are

const states = new WeakMap();

export default function ({ data, parentElement }) {
  const { header, payload } = unpack(data);
  const root = parentElement.querySelector(".attention-lines");
  let state = states.get(parentElement);
  if (!state) {
    state = { heads: null, framed: null, direction: "from", pin: null, floor: 0, base: new OffscreenCanvas(1, 1) };
    states.set(parentElement, state);
  }
  if (state.header && state.header.heads !== header.heads) state.heads = state.framed = state.last = null; // another model
  const part = (name) => root.querySelector(name);
  Object.assign(state, {
    root, header,
    links: new Links(payload, header.heads, header.tokens.length),
    chips: part(".chips"), scroller: part(".scroller"), mid: part(".mid"), view: part(".view"),
    columns: { from: part("[data-side=from]"), to: part("[data-side=to]") },
  });
  const text = JSON.stringify(header.tokens);
  if (state.written !== text || state.writtenIn !== root) {
    Object.assign(state, { written: text, writtenIn: root, pin: null, revealed: null });
    Object.assign(state, { tokens: {}, tinted: [], marked: [], labels: [] });
    for (const side of Object.keys(END)) write(state, side);
  }
  part(".query").textContent = header.words.query;
  part(".key").textContent = header.words.key;
  heads(state);
  slider(state);
  switchable(root, header.words, (direction) => {
    state.pin = null;
    board.turn(direction); // and so to heard()
  });
  turn(state, board.direction);
  state.scroller.onscroll = () => paint(state);
  state.deaf?.();
  state.deaf = board.listen(() => heard(state));
  const still = onResize(state, root, () => layout(state));
  const enough = onLetters(state, () => layout(state));
  follow(state);
  layout(state);
  return atEnd(state, () => {
    still();
    enough();
    state.deaf();
  });
}

// -- which heads, from which weight, which way ------------------------------------------------------

/** A chip a head, one of them in the tab order; arrow keys go along. */
function heads(state) {
  const { chips, header, root } = state;
  const { words } = header;
  chips.setAttribute("aria-label", words.heads);
  while (chips.children.length > header.heads) chips.lastChild.remove();
  while (chips.children.length < header.heads) chips.append(document.createElement("button"));
  [...chips.children].forEach((chip, head) => {
    Object.assign(chip, { type: "button", title: words.chip, textContent: `H${head}` });
    chip.dataset.head = head;
    chip.onclick = (event) => (event.altKey || event.shiftKey ? only(state, head) : toggle(state, head));
    chip.ondblclick = () => only(state, head);
    chip.onkeydown = (event) => {
      const to = { ArrowLeft: head - 1, ArrowRight: head + 1, Home: 0, End: header.heads - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      chips.children[to]?.focus();
    };
    chip.onfocus = () => {
      state.last = head;
      paintChips(state);
    };
  });
  const [all, one] = root.querySelectorAll(".sets button");
  all.textContent = words.all;
  all.onclick = () => turnOn(state, Array.from({ length: header.heads }, (_, head) => head));
  one.onclick = () => only(state, state.last);
}

function toggle(state, head) {
  state.last = head;
  turnOn(state, state.heads.includes(head) ? state.heads.filter((h) => h !== head) : [...state.heads, head]);
}

function only(state, head) {
  state.last = head;
  turnOn(state, [head]);
}

function turnOn(state, shown) {
  state.heads = shown.sort((a, b) => a - b);
  paintChips(state);
  paint(state);
}

/** The board's head is always shown: it takes the place of the one before, or joins those the visitor turned on. */
function follow(state) {
  const head = board.value?.head;
  if (head === state.framed || !(head < state.header.heads)) return false;
  if (state.heads && board.value.layer !== state.header.layer) return false; // its links are on their way
  const alone = !state.heads || String(state.heads) === String(state.framed);
  state.heads = alone ? [head] : [...new Set([...state.heads, head])].sort((a, b) => a - b);
  state.framed = state.last = head;
  return true;
}

function paintChips(state) {
  const { chips, header, heads: shown, own, root } = state;
  if (!own) return;
  const here = board.value?.layer === header.layer ? state.framed : null;
  for (const [head, chip] of [...chips.children].entries()) {
    chip.setAttribute("aria-pressed", shown?.includes(head) ?? false);
    chip.classList.toggle("chosen", head === here);
    chip.style.setProperty("--own", String(shown) === String(head) ? state.tints[200] : colourOf(state, head));
    chip.tabIndex = head === (state.last ?? 0) ? 0 : -1;
  }
  root.querySelector(".sets [value=only]").textContent = header.words.only.replace("{head}", `H${state.last ?? 0}`);
  root.querySelector(".middle").textContent = shown?.length ? "" : header.words.none;
  root.dataset.heads = shown?.join() ?? "";
}

const colourOf = ({ own }, head) => own.categories[head % own.categories.length];

/** Hides fainter lines than the visitor wants; what Python left out cannot be had. */
function slider(state) {
  const { root, header } = state;
  const [name, range, output] = root.querySelector(".least").children;
  const least = Math.round(header.least * 1000) / 10;
  name.textContent = header.words.least;
  Object.assign(range, { min: least, max: Math.max(50, least), value: Math.max(state.floor, least) });
  const tell = () => {
    output.textContent = `${Number(range.value)}\u202f%`;
    range.setAttribute("aria-valuetext", output.textContent);
  };
  range.oninput = () => {
    state.floor = Number(range.value); // the visitor's; a layer's own bound may be higher for a while
    tell();
    paint(state);
  };
  tell();
}

/** What is shown of the pinned token: what it looks at, or who looks at it. */
function turn(state, direction) {
  state.direction = direction;
  showSwitch(state.root, direction);
  paint(state);
}

// -- the text and where it stands --------------------------------------------------------------------

function write(state, side) {
  const column = state.columns[side];
  column.setAttribute("aria-label", `${state.header.words[END[side]]}. ${state.header.words.label}`);
  state.tokens[side] = state.header.tokens.map(tokenOf);
  for (const token of state.tokens[side]) token.onfocus = token.onblur = () => look(side, focusedIn(column));
  column.replaceChildren(...state.tokens[side]);
  column.onpointerover = (event) => look(side, numberOf(event.target));
  column.onpointerleave = () => look(side, focusedIn(column));
  column.onclick = (event) => choose(state, side, numberOf(event.target));
  column.onkeydown = (event) => onKey(state, side, event);
}

function tokenOf(label, i) {
  const made = (name, ...inside) => {
    const node = document.createElement("span");
    node.className = name;
    node.append(...inside);
    return node;
  };
  const [, before, rest] = /^(·?)(.*)$/s.exec(label);
  const text = made("text", ...(before && rest ? [made("dim", before), rest] : [label]));
  text.classList.toggle("blank", /^[·⏎]+$/.test(label));
  text.dir = "auto";
  const token = made("token", text);
  token.title = `${i}  ${label}`;
  token.tabIndex = -1;
  token.dataset.index = i;
  token.setAttribute("role", "option");
  token.setAttribute("aria-selected", false);
  token.setAttribute("aria-label", `${i}: ${rest || label}`);
  return token;
}

/** Colours and sizes from the room there is, then everything painted. Safe to call at any time. */
function layout(state) {
  const { root, header, scroller, view, mid, base } = state;
  const width = root.clientWidth;
  if (!width) return; // in a tab that is not shown; the observer calls again
  const theme = (state.theme = themeOf(root));
  state.own = header.colours[theme.name];
  const weights = ramp(state.own.weights);
  state.tints = weights.map((tint) => `rgb(${tint})`);
  const text = rgb(theme.text);
  state.inks = weights.map((tint) => legible(tint, text, theme.text));

  const n = header.tokens.length;
  const pitch = Math.round(Math.min(PITCH[1], Math.max(PITCH[0], 26 - n / 25)) * theme.scale);
  const size = Math.round(pitch * 0.64 * 10) / 10;
  const top = Math.round(24 * theme.scale);
  const pen = view.getContext("2d");
  pen.font = `600 ${size}px ${theme.font}`;
  const widthOf = (text) => pen.measureText(text).width;
  state.named = width >= NAMED;
  const share = Math.ceil(widthOf(state.named ? `H${header.heads} 100\u202f%` : "100\u202f%") * 0.86) + 8;
  const widest = Math.max(...header.tokens.map(widthOf)) + share + 20;
  const column = Math.ceil(Math.min(Math.max(widest, 130 * theme.scale), width * 0.36));
  const lengths = { size, pitch, top, share, column, mid: MID * theme.scale };
  for (const [name, length] of Object.entries(lengths)) root.style.setProperty(`--${name}`, `${length}px`);
  for (const end of ["query", "key"]) root.style.setProperty(`--${end}`, state.own[end]);
  const high = Math.min(n * pitch, Math.round(HEIGHT * theme.scale));
  scroller.style.height = `${high + top}px`;

  const dpr = (state.dpr = window.devicePixelRatio || 1);
  state.at = { pitch, top, width: mid.clientWidth, high };
  for (const canvas of [view, base]) {
    canvas.width = Math.round(state.at.width * dpr);
    canvas.height = Math.round(high * dpr);
  }
  view.style.width = `${state.at.width}px`;
  view.style.height = `${high}px`;
  Object.assign(root.dataset, { layer: header.layer, pitch, top });
  paintChips(state);
  paint(state);
}

// -- the lines ---------------------------------------------------------------------------------------

/** The board has changed: another head or token is chosen, or one is pointed at, here or elsewhere. */
function heard(state) {
  if (!state.at) return;
  if (state.direction !== board.direction) turn(state, board.direction);
  if (follow(state)) {
    paintChips(state);
    paint(state);
  } else show(state);
}

/** Which token's lines are strong: {side, index, over}, side "from" (left) or "to" (right); null without a choice. */
function shownOf(state) {
  const there = (index) => index !== null && index < state.header.tokens.length; // undefined is not
  const over = { from: board.hover?.query, to: board.hover?.key };
  for (const side of [state.direction, OTHER[state.direction]]) {
    if (there(over[side])) return { side, index: over[side], over: true };
  }
  const { query } = board.value ?? {};
  const pinned = state.direction === "to" && state.pin?.query === query; // and no other row was chosen since
  return there(query) ? { side: state.direction, index: pinned ? state.pin.index : query } : null;
}

/** How heads share the height of a token: each starts and ends its lines a little lower than the one before. */
function spread({ heads: shown, at }) {
  const step = Math.min(4, (at.pitch * 0.5) / shown.length);
  return new Map(shown.map((head, i) => [head, (i - (shown.length - 1) / 2) * step]));
}

/** Faint lines of all tokens in sight, kept aside so that hovering does not draw them again. */
function paint(state) {
  if (!state.at || !state.heads) return;
  const { base, dpr, links, header, heads: shown, at, scroller, direction } = state;
  const [first, last] = [Math.floor(scroller.scrollTop / at.pitch), Math.ceil((scroller.scrollTop + at.high) / at.pitch)];
  const least = leastShare(state);
  const n = header.tokens.length;
  const each = (visit) => {
    for (const head of shown) {
      const rows = direction === "from" ? [first, Math.min(last, n)] : [0, n];
      for (let row = rows[0]; row < rows[1]; row++) {
        for (let i = links.starts[head * n + row]; i < links.starts[head * n + row + 1]; i++) {
          const key = links.keys[i];
          if (links.shares[i] < least || (direction === "to" && (key < first || key >= last))) continue;
          visit(head, row, key, links.shares[i]);
        }
      }
    }
  };
  // where there are too many, the faintest are left out: counted first, by the upper half of their bits
  const counts = new Uint32Array(256);
  each((head, row, key, share) => (counts[share >> 8] += 1));
  let bound = 256;
  let faint = 0;
  while (bound && (!faint || faint + counts[bound - 1] <= MOST_FAINT)) faint += counts[--bound];

  const lower = spread(state);
  const strokes = new Map();
  each((head, row, key, share) => {
    if (share >> 8 < bound) return;
    const name = Math.min(SHADES - 1, Math.floor(Math.sqrt(share / 65536) * SHADES)) * header.heads + head;
    if (!strokes.has(name)) strokes.set(name, new Path2D());
    curve(strokes.get(name), at.width, heightOf(state, row) + lower.get(head), heightOf(state, key) + lower.get(head));
  });
  const pen = base.getContext("2d");
  pen.setTransform(dpr, 0, 0, dpr, 0, 0);
  pen.clearRect(0, 0, at.width, at.high);
  for (const [name, path] of [...strokes].sort(([a], [b]) => a - b)) {
    const depth = (Math.floor(name / header.heads) + 0.5) / SHADES;
    pen.strokeStyle = shown.length > 1 ? colourOf(state, name % header.heads) : state.tints[Math.round(90 + 120 * depth)];
    pen.globalAlpha = (0.14 + 0.32 * depth) * Math.min(1, Math.max(0.45, Math.sqrt(200 / faint))); // a few may be seen better
    pen.lineWidth = 1 / dpr;
    pen.stroke(path);
  }
  state.faint = faint;
  show(state);
}

/** One token's lines, what they do to the tokens at their other ends, and the marks of the chosen ones. */
function show(state) {
  if (!state.at || !state.heads) return;
  const { view, base, dpr, at, root, heads: shown } = state;
  const told = shownOf(state);
  reveal(state, told);
  const least = leastShare(state) / 65535;
  const seen = !told ? [] : shown
    .flatMap((head) => state.links[told.side](head, told.index).map(([to, weight]) => ({ head, to, weight })))
    .filter(({ weight }) => weight >= least)
    .sort((a, b) => b.weight - a.weight);
  const pen = view.getContext("2d");
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, view.width, view.height);
  if (!told?.over) pen.drawImage(base, 0, 0);
  pen.setTransform(dpr, 0, 0, dpr, 0, 0);
  const strongest = strongestOf(seen);
  const drawn = told ? strong(state, pen, told, seen, strongest) : 0;
  tint(state, told, shown.length > 1 ? [] : seen);
  label(state, told, strongest);
  mark(state, told);
  if (told) {
    const ends = strongest.map(({ to, weight }) => [state.header.tokens[to], weight]);
    saysWhere(state.tokens[told.side][told.index], state.header.words, told.side, ends);
  }
  root.dataset.shown = told ? `${told.side}:${told.index}` : "";
  root.dataset.drawn = drawn + (told?.over ? 0 : state.faint);
}

/** The strongest lines to as many tokens; several heads' lines may end at one. */
function strongestOf(seen) {
  const tokens = new Set();
  return seen.filter(({ to }) => tokens.size < LABELLED && !tokens.has(to) && tokens.add(to));
}

/** The strongest on top; returns how many are in sight. */
function strong(state, pen, { side, index }, seen, strongest) {
  const { at, dpr, theme, heads: shown } = state;
  const many = shown.length > 1;
  const lower = spread(state);
  const y = heightOf(state, index);
  const inSight = (height) => height > -at.pitch && height < at.high + at.pitch;
  const lines = seen.map((line) => ({ ...line, v: heightOf(state, line.to) })).filter(({ v }) => inSight(y) || inSight(v));
  pen.lineCap = "round";
  for (const { head, weight, v } of lines.toReversed()) {
    const depth = Math.sqrt(weight);
    const ends = side === "from" ? [y, v] : [v, y];
    pen.strokeStyle = many ? colourOf(state, head) : state.tints[Math.round(70 + 150 * depth)];
    pen.globalAlpha = many ? 0.35 + 0.65 * weight : 0.6 + 0.4 * depth;
    pen.lineWidth = weight < FAINT ? 1 / dpr : (1 + 3 * weight) * theme.scale;
    pen.beginPath();
    curve(pen, at.width, ...ends.map((end) => end + lower.get(head)));
    pen.stroke();
  }
  if (many) blocks(state, pen, side === "from" ? "right" : "left", lines);
  if (inSight(y)) beyond(state, pen, side, strongest.map((line) => ({ ...line, v: heightOf(state, line.to) })));
  pen.globalAlpha = 1;
  return lines.length;
}

/** Several heads cannot tint one token: at the lines' ends stand small blocks, one a head, in the order of the chips. */
function blocks(state, pen, edge, lines) {
  const { heads: shown, at, theme } = state;
  const wide = Math.max(2, Math.min(8, (at.width * 0.14) / shown.length));
  const start = edge === "right" ? at.width - wide * shown.length : 0;
  const box = (v, i, n) => [start + i * wide, v - at.pitch / 2 + 2, n * wide, at.pitch - 4];
  for (const v of new Set(lines.map((line) => line.v))) {
    pen.clearRect(...box(v, 0, shown.length));
    pen.fillStyle = theme.text;
    pen.globalAlpha = 0.07; // of a head that does not look
    pen.fillRect(...box(v, 0, shown.length));
  }
  for (const { head, weight, v } of lines) {
    pen.fillStyle = colourOf(state, head);
    pen.globalAlpha = Math.max(0.15, Math.sqrt(weight)); // sqrt, like the tints
    pen.fillRect(...box(v, shown.indexOf(head), 1));
  }
}

/** Where the strongest lines go that leave the picture: an arrow, the token and its weight at the edge. */
function beyond({ at, theme, header }, pen, side, strongest) {
  const [up, down] = [strongest.filter(({ v }) => v < 0), strongest.filter(({ v }) => v > at.high)];
  const high = Math.round(16 * theme.scale);
  const x = side === "from" ? at.width - 10 : 10;
  Object.assign(pen, { font: `600 ${Math.round(12 * theme.scale)}px ${theme.font}`, textBaseline: "middle", direction: "ltr" });
  Object.assign(pen, { textAlign: side === "from" ? "right" : "left", lineWidth: 4, lineJoin: "round", globalAlpha: 1 });
  const write = (arrow, { to, weight }, y) => {
    const token = `\u2068${header.tokens[to]}\u2069`; // isolated: letters may run right to left
    const forms = [`${arrow} ${to} ${token} ${percent(weight)}`, `${arrow} ${to} ${percent(weight)}`];
    const text = forms.find((form) => pen.measureText(form).width < at.width - 20) ?? forms[1];
    pen.strokeStyle = theme.background;
    pen.strokeText(text, x, y);
    pen.fillStyle = theme.text;
    pen.fillText(text, x, y);
  };
  up.forEach((line, i) => write("↑", line, (i + 0.6) * high));
  down.forEach((line, i) => write("↓", line, at.high - (i + 0.6) * high));
}

/** From the left column to the right one, a little bent: straight ahead where it leaves and where it arrives. */
function curve(path, width, y, v) {
  path.moveTo(0, y);
  path.bezierCurveTo(width * 0.3, y, width * 0.7, v, width, v);
}

const heightOf = ({ at, scroller }, index) => (index + 0.5) * at.pitch - scroller.scrollTop;
const leastShare = ({ floor }) => (floor / 100) * 65535 - 1; // one off: shares are rounded

/** Colours the tokens at the other ends as the strip does: sqrt, so that a few percent are still seen. */
function tint(state, told, seen) {
  for (const { style } of state.tinted) style.backgroundColor = style.color = "";
  state.tinted = seen.map(({ to, weight }) => {
    const depth = Math.round(255 * Math.sqrt(weight));
    const text = state.tokens[OTHER[told.side]][to].firstChild;
    text.style.backgroundColor = state.tints[depth];
    text.style.color = state.inks[depth];
    return text;
  });
}

/** Writes the strongest weights beside their tokens; with several heads, whose they are. */
function label(state, told, strongest) {
  for (const old of state.labels) old.remove();
  state.labels = strongest.map(({ head, to, weight }) => {
    const [written, isolated] = [document.createElement("span"), document.createElement("bdi")];
    const many = state.heads.length > 1;
    isolated.textContent = many && state.named ? `H${head} ${percent(weight)}` : percent(weight);
    written.className = "weight";
    if (many) written.style.setProperty("--own", colourOf(state, head));
    written.append(isolated);
    state.tokens[OTHER[told.side]][to].append(written);
    return written;
  });
}

const percent = (weight) => `${Math.round(weight * 100)}\u202f%`;

/** Which tokens are chosen, which one's lines are shown, and which can be reached by Tab. */
function mark(state, told) {
  for (const token of state.marked) {
    token.setAttribute("aria-selected", false);
    token.classList.remove("shown");
    token.tabIndex = -1;
  }
  state.marked = [];
  for (const [side, end] of Object.entries(END)) {
    const tokens = state.tokens[side];
    const chosen = tokens[board.value?.[end]];
    const shown = told?.side === side ? tokens[told.index] : undefined;
    const stop = shown ?? chosen ?? tokens[0];
    chosen?.setAttribute("aria-selected", true);
    shown?.classList.add("shown");
    if (stop) stop.tabIndex = 0;
    state.marked.push(...[chosen, shown, stop].filter(Boolean));
  }
}

// -- what the visitor does ---------------------------------------------------------------------------

function numberOf(node) {
  const token = node.closest?.("[data-index]");
  return token ? Number(token.dataset.index) : null;
}

/** The token that has the focus by keyboard: a finger and a mouse leave theirs behind. */
const focusedIn = (column) => numberOf(column.querySelector(".token:focus-visible") ?? column);

/** Point at this token, here and in the maps; null: at nothing. */
function look(side, index) {
  board.point(index === null ? null : { [END[side]]: index }); // and so to show()
}

/** What was clicked stays shown when the pointer leaves. */
function choose(state, side, index) {
  if (index === null) return;
  state.pin = side === "to" ? { index, query: board.value?.query } : null;
  board.turn(side);
  board.choose(side === "from" ? { query: index, key: -1 } : { key: index });
}

/** Scroll inside itself until the chosen token is in sight; the page does not move. */
function reveal(state, told) {
  if (!told || told.over) return;
  const name = `${told.side}:${told.index}`;
  if (state.revealed === name) return;
  state.revealed = name;
  bring(state, told.index);
}

function bring({ scroller, at }, index) {
  const [start, end] = [index * at.pitch, (index + 1) * at.pitch];
  if (start < scroller.scrollTop || end > scroller.scrollTop + at.high) scroller.scrollTop = start - at.high / 2;
}

function onKey(state, side, event) {
  const index = numberOf(event.target);
  if (index === null || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    choose(state, side, index);
    return;
  }
  const last = state.header.tokens.length - 1;
  const leap = Math.floor(state.at.high / state.at.pitch);
  const to = {
    ArrowUp: ["same", index - 1], ArrowDown: ["same", index + 1], Home: ["same", 0], End: ["same", last],
    PageUp: ["same", index - leap], PageDown: ["same", index + leap],
    ArrowLeft: ["from", index], ArrowRight: ["to", index],
  }[event.key];
  if (!to) return;
  event.preventDefault();
  const at = Math.min(Math.max(to[1], 0), last);
  bring(state, at);
  state.tokens[to[0] === "same" ? side : to[0]][at].focus({ preventScroll: true });
}
