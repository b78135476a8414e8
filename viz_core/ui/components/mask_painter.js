// A mask as a grid to paint on: one canvas, rows are queries. What is painted is sent whole, so that of many strokes
// the last one alone is enough. The element's data-* attributes say where things are, for tests.

const GRID = 330; // px of the cells, at most
const MOST_NAMES = 40; // tokens along an edge whose names are written
const LONGEST_NAME = 84; // px
const SEEN = 5; // px of a cell from which it has an edge and a mark of its own
const DOT = [0.16, 1.5, 4]; // of a cell's side: its radius, in px at least and at most

const states = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const { header, payload } = unpack(data);
  const root = parentElement.querySelector(".painter");
  let state = states.get(parentElement);
  if (!state) {
    state = { sent: [], cursor: null, stroke: null, over: null };
    states.set(parentElement, state);
  }
  const bytes = Math.ceil(header.n ** 2 / 8);
  Object.assign(state, {
    root, header, setTriggerValue,
    board: root.querySelector(".board"),
    canvas: root.querySelector("canvas"),
    own: new Uint8Array(payload, bytes, bytes),
  });
  // an answer to an earlier stroke must not undo a later one
  if (!state.stroke && (!state.sent.includes(header.painted) || state.sent.at(-1) === header.painted)) {
    state.sent = [];
    state.bits = new Uint8Array(payload, 0, bytes).slice();
  }
  state.made = null;
  if (state.cursor && Math.max(...state.cursor) >= header.n) state.cursor = null;
  words(state);
  listen(state);
  const still = onResize(state, root, () => draw(state));
  const enough = onLetters(state, () => draw(state));
  draw(state);
  return atEnd(state, () => {
    still();
    enough();
    state.deaf();
  });
}

// -- bits --------------------------------------------------------------------------------------------

const isOn = (bits, cell) => (bits[cell >> 3] & (128 >> (cell & 7))) !== 0;

function put(state, [row, column], on) {
  const { bits, header } = state;
  const cell = row * header.n + column;
  state.made = null;
  if (on) bits[cell >> 3] |= 128 >> (cell & 7);
  else bits[cell >> 3] &= ~(128 >> (cell & 7));
}

/** As the address has it: the size, and the bits in URL-safe base 64. */
function written({ bits, header }) {
  const text = btoa(String.fromCharCode(...bits));
  return `${header.n}.${text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
}

function send(state) {
  const text = written(state);
  state.sent = [...state.sent.slice(-20), text];
  state.setTriggerValue("painted", text);
}

// -- what the visitor does ---------------------------------------------------------------------------

function listen(state) {
  const { canvas, board: grid } = state;
  state.deaf?.();
  state.deaf = board.listen(() => draw(state));
  canvas.onpointermove = (event) => {
    const cell = hit(state, event);
    if (state.stroke && cell) paintTo(state, cell);
    pointAt(state, cell);
  };
  canvas.onpointerleave = () => pointAt(state, null);
  canvas.onpointerdown = (event) => {
    const cell = hit(state, event);
    if (!state.header.paintable || !cell || event.button || event.pointerType === "touch") return;
    canvas.setPointerCapture(event.pointerId);
    begin(state, cell);
  };
  canvas.onpointerup = canvas.onpointercancel = () => {
    if (state.stroke) finish(state);
  };
  // a finger that moves scrolls the page; a tap paints one cell
  canvas.onclick = (event) => {
    const cell = event.pointerType === "touch" && state.header.paintable ? hit(state, event) : null;
    if (!cell) return;
    begin(state, cell);
    finish(state);
    pointAt(state, cell);
  };
  grid.onkeydown = (event) => onKey(state, event);
  grid.onfocus = grid.onblur = () => draw(state);
}

function begin(state, cell) {
  const on = !isOn(state.bits, cell[0] * state.header.n + cell[1]);
  state.stroke = { on, last: cell };
  state.cursor = cell;
  put(state, cell, on);
  draw(state);
}

/** Every cell on the way, also where the pointer was too fast to be heard in each. */
function paintTo(state, [row, column]) {
  const { on, last } = state.stroke;
  const steps = Math.max(Math.abs(row - last[0]), Math.abs(column - last[1]));
  for (let i = 1; i <= steps; i++) {
    const at = (from, to) => Math.round(from + ((to - from) * i) / steps);
    put(state, [at(last[0], row), at(last[1], column)], on);
  }
  state.stroke.last = state.cursor = [row, column];
}

function finish(state) {
  state.stroke = null;
  send(state);
  draw(state);
}

function onKey(state, event) {
  const { n, paintable } = state.header;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const [row, column] = cursorOf(state);
  if (event.key === " " || event.key === "Enter") {
    event.preventDefault();
    if (!paintable) return;
    begin(state, [row, column]);
    finish(state);
    return;
  }
  const moves = {
    ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
    Home: [row, 0], End: [row, n - 1], PageUp: [0, column], PageDown: [n - 1, column],
  };
  if (!moves[event.key]) return;
  event.preventDefault();
  state.cursor = moves[event.key].map((place) => Math.min(Math.max(place, 0), n - 1));
  draw(state);
}

/** Where the keyboard is: where it was, else at the page's chosen cell. */
function cursorOf(state) {
  const { query = 0, key = 0 } = board.value ?? {};
  const inside = (place) => Math.min(Math.max(place, 0), state.header.n - 1);
  return state.cursor ?? [inside(query), inside(key)];
}

function pointAt(state, cell) {
  state.canvas.style.cursor = cell && state.header.paintable ? "cell" : "default";
  if (String(cell) === String(state.over)) return;
  state.over = cell;
  board.point(cell && { query: cell[0], key: cell[1] });
  draw(state);
}

/** The cell under the pointer, [row, column], or null. */
function hit(state, event) {
  if (!state.at) return null;
  const { left, top, side } = state.at;
  const { n } = state.header;
  const box = state.canvas.getBoundingClientRect(); // a captured pointer may be outside
  const at = [(event.clientY - box.top - top) / side, (event.clientX - box.left - left) / side].map(Math.floor);
  return at.every((place) => place >= 0 && place < n) ? at : null;
}

// -- painting ----------------------------------------------------------------------------------------

function words(state) {
  const { header, root, board: grid } = state;
  const [title, subtitle] = root.querySelector(".name").children;
  title.textContent = header.title;
  subtitle.textContent = header.subtitle;
  grid.setAttribute("aria-label", `${header.title}. ${header.words.label}`);
  const legend = root.querySelectorAll(".legend span");
  [header.words.may, header.words.not, header.words.other].forEach((said, i) => {
    legend[i].querySelector("em").textContent = said;
  });
}

const unspaced = (token) => (token.startsWith("·") && token.replaceAll("·", "") ? token.slice(1) : token);

function shortened(pen, token, most) {
  let shown = unspaced(token);
  if (pen.measureText(shown).width <= most) return shown;
  while (shown.length > 1 && pen.measureText(`${shown}…`).width > most) shown = shown.slice(0, -1);
  return `${shown}…`;
}

/** Sizes from the room there is, then everything painted. Safe to call at any time. */
function draw(state) {
  const width = state.root.clientWidth;
  if (!width) return; // in a tab that is not shown; the observer calls again
  const { n, tokens } = state.header;
  const theme = (state.theme = themeOf(state.root));
  const pen = state.canvas.getContext("2d");
  const named = n <= MOST_NAMES;
  const size = Math.max(8, Math.min(13, 300 / n)) * theme.scale;
  pen.font = `${size}px ${theme.font}`;
  const names = named ? tokens.map((token) => shortened(pen, token, LONGEST_NAME)) : [];
  const longest = Math.ceil(Math.max(0, ...names.map((name) => pen.measureText(name).width)));
  const [left, top] = named ? [longest + 10, longest + 10] : [1, 1];
  const side = Math.min(width - left - 2, GRID * theme.scale) / n;
  const dpr = window.devicePixelRatio || 1;
  const [wide, tall] = [left + side * n + 2, top + side * n + 2];
  state.at = { left, top, side };
  state.canvas.width = Math.round(wide * dpr);
  state.canvas.height = Math.round(tall * dpr);
  Object.assign(state.canvas.style, { width: `${wide}px`, height: `${tall}px` });
  pen.setTransform(dpr, 0, 0, dpr, 0, 0);
  const own = state.header.colours[theme.name];
  const inks = { may: own.weights[3], not: hatched(own), own };
  cells(state, pen, dpr, inks);
  if (named) labels(pen, names, state.at, { size, theme });
  frames(state, pen);
  legend(state, inks);
  tell(state);
}

/** The allowed cells as one pixel each, made again only when they, or the theme, have changed. */
function pictureOf(state, inks) {
  const { bits, own, header: { n } } = state;
  if (state.made?.may === inks.may) return state.made;
  const pixels = new Uint32Array(n * n);
  const [r, g, b] = rgb(inks.may);
  const may = (255 << 24) | (b << 16) | (g << 8) | r;
  let differs = 0;
  for (let i = 0; i < n * n; i++) {
    const on = isOn(bits, i);
    pixels[i] = on ? may : 0; // the hatching below is seen
    differs += on !== isOn(own, i);
  }
  const picture = new OffscreenCanvas(n, n);
  picture.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), n, n), 0, 0);
  state.made = { picture, differs, may: inks.may };
  return state.made;
}

function cells(state, pen, dpr, inks) {
  const { bits, own, theme, at: { left, top, side }, header: { n } } = state;
  const { picture, differs } = pictureOf(state, inks);
  state.differs = differs;
  pen.imageSmoothingEnabled = side * dpr < 1;
  pen.fillStyle = hatching(pen, inks.own, dpr);
  pen.fillRect(left, top, side * n, side * n);
  pen.drawImage(picture, left, top, side * n, side * n);
  if (side < SEEN) return;
  pen.strokeStyle = theme.background;
  pen.lineWidth = 1;
  pen.beginPath();
  for (let i = 0; i <= n; i++) {
    const along = (from) => Math.round((from + i * side) * dpr) / dpr;
    pen.moveTo(left, along(top));
    pen.lineTo(left + n * side, along(top));
    pen.moveTo(along(left), top);
    pen.lineTo(along(left), top + n * side);
  }
  pen.stroke();
  const [share, least, most] = DOT;
  const radius = Math.min(Math.max(share * side, least), most);
  for (let i = 0; i < n * n; i++) {
    if (isOn(bits, i) === isOn(own, i)) continue;
    pen.beginPath();
    pen.arc(left + ((i % n) + 0.5) * side, top + (Math.floor(i / n) + 0.5) * side, radius, 0, 7);
    pen.fillStyle = theme.background;
    pen.strokeStyle = theme.text;
    pen.fill();
    pen.stroke();
  }
}

/** Lines on grey, as sharp as the screen. */
function hatching(pen, { notAllowed, hatch }, dpr) {
  const pitch = Math.round(HATCH[0] * dpr);
  const tile = new OffscreenCanvas(pitch, pitch);
  const brush = tile.getContext("2d");
  for (let x = 0; x < pitch; x++) {
    for (let y = 0; y < pitch; y++) {
      brush.fillStyle = onHatch(x, y, dpr) ? hatch : notAllowed;
      brush.fillRect(x, y, 1, 1);
    }
  }
  const pattern = pen.createPattern(tile, "repeat");
  pattern.setTransform(new DOMMatrix().scale(1 / dpr));
  return pattern;
}

function labels(pen, names, { left, top, side }, { size, theme }) {
  pen.fillStyle = theme.text;
  pen.textBaseline = "middle";
  names.forEach((name, i) => {
    const middle = (i + 0.5) * side;
    pen.font = `${size}px ${theme.font}`;
    pen.textAlign = "right";
    pen.fillText(name, left - 6, top + middle);
    pen.save();
    pen.translate(left + middle, top - 6);
    pen.rotate(-Math.PI / 2);
    pen.textAlign = "left";
    pen.fillText(name, 0, 0);
    pen.restore();
  });
}

/** The page's chosen cell, the one pointed at here or in a linked map, and where the keyboard is. */
function frames(state, pen) {
  const { at: { left, top, side }, theme, header: { n } } = state;
  const outline = (cell, colour, width) => {
    if (!cell || !cell.every((place) => place >= 0 && place < n)) return;
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.strokeRect(left + cell[1] * side, top + cell[0] * side, side, side);
  };
  const focused = state.root.getRootNode().activeElement === state.board;
  const cellOf = (place) => place && [place.query ?? -1, place.key ?? -1];
  outline(cellOf(board.value), state.header.colours[theme.name].query, 2);
  outline(state.over ?? cellOf(board.hover), theme.text, 1.5);
  if (focused && !state.over) outline(cursorOf(state), theme.text, 2.5);
}

function legend(state, inks) {
  const [may, not, other] = state.root.querySelectorAll(".legend span");
  may.firstChild.style.background = inks.may;
  not.firstChild.style.background = inks.not;
  other.hidden = !state.differs || state.at.side < SEEN;
}

/** The cell under the pointer or the keyboard, in words. */
function tell(state) {
  const { header: { n, tokens, words: said }, at, root } = state;
  const cell = state.over ?? cursorOf(state);
  const [row, column] = cell;
  const token = (place) => `“${unspaced(tokens[place])}” (${place})`;
  const words = isOn(state.bits, row * n + column) ? said.looks : said.forbidden;
  const told = words.replace("{row}", () => token(row)).replace("{column}", () => token(column));
  root.querySelector(".says").textContent = state.over ? told : said.hint;
  root.querySelector("[role=gridcell]").textContent = told;
  Object.assign(root.dataset, { left: at.left, top: at.top, side: at.side, differs: state.differs });
  root.dataset.painted = state.header.paintable ? written(state) : "";
}
