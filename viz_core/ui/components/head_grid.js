// One canvas: layers down, heads across. The element's data-* attributes say where things are, for tests.

const HEIGHT = 400; // the whole picture fits this, until tiles would be too small to see
const SMALLEST = 18; // px from tile to tile; below this the picture scrolls inside itself
const LARGEST = 168;
const MAGNIFIED = 160;

const PALE = 0.28; // of a head that is not of the role picked out, or rests
const ENOUGH = { broad: 85, other: 25 }; // hundredths from which a head is said to do a role
const NONE = 255;

const states = new WeakMap();

export default function ({ data, parentElement }) {
  const { header, payload } = unpack(data);
  const whole = parentElement.querySelector(".whole");
  const root = whole.querySelector(".head-grid");
  let state = states.get(parentElement);
  if (!state) {
    state = { hover: null, sorted: false, base: new OffscreenCanvas(1, 1) };
    states.set(parentElement, state);
  }
  const [layers, heads, nQuery, nKey] = header.shape;
  let at = 0;
  const bytes = (n) => new Uint8Array(payload, (at += n) - n, n);
  Object.assign(state, {
    root, header,
    scroller: root.querySelector(".scroller"),
    space: root.querySelector(".space"),
    view: root.querySelector(".view"),
    cell: root.querySelector("[role=gridcell]"),
    tip: root.querySelector(".tip"),
    sort: whole.querySelector(".sort"),
    allowed: bytes(header.masks * nQuery * nKey),
    marks: bytes(layers * heads),
    resting: bytes(layers * heads),
    scores: header.roles.map(({ here, known }) => ({
      here: here ? bytes(layers * heads) : null,
      known: known ? bytes(layers * heads) : null,
    })),
    tiles: bytes(layers * heads * nQuery * nKey),
  });
  state.deaf?.();
  state.deaf = board.listen(() => heard(state));
  root.setAttribute("aria-label", header.words.label);
  root.onkeydown = (event) => onKey(state, event);
  state.view.onpointermove = (event) => hover(state, hit(state, event));
  state.view.onpointerleave = state.view.onpointercancel = () => hover(state, null);
  state.view.onclick = (event) => {
    const tile = hit(state, event);
    if (!tile) return;
    hideTip(state); // it would stand on the map that comes
    choose(state, tile, 0);
  };
  state.sort.lastChild.textContent = header.words.sort;
  state.sort.firstChild.checked = state.sorted;
  state.sort.firstChild.onchange = (event) => {
    state.sorted = event.target.checked;
    draw(state);
  };
  state.scroller.onscroll = () => {
    hover(state, null);
    paint(state);
  };
  const still = onResize(state, root, () => draw(state));
  const enough = onLetters(state, () => draw(state));
  draw(state);
  return atEnd(state, () => {
    still();
    enough();
    state.deaf();
  });
}

/** The board has changed: another head, or another role picked out. */
function heard(state) {
  if (!state.at) return;
  if (state.role !== board.role) draw(state);
  else if (String(state.shown) !== String(chosenOf(state))) {
    if (reveal(state)) paint(state);
    else show(state);
  }
}

/** The chosen tile, [layer, head], or null where there is none (yet). */
function chosenOf({ header }) {
  const { layer, head } = board.value ?? {};
  return layer < header.shape[0] && head < header.shape[1] ? [layer, head] : null;
}

// -- roles -------------------------------------------------------------------------------------------

/** How much of the picked role each head has, in hundredths: as known, or where nobody measured it, on this text. */
function picked(state) {
  const index = state.header.roles.findIndex(({ name }) => name === board.role);
  if (index < 0) return null;
  const { here, known } = state.scores[index];
  const values = known ?? here; // neither: another model's role, whose page has not heard yet that it is gone
  return values && { values, enough: ENOUGH[board.role] ?? ENOUGH.other };
}

function isPale(state, index) {
  if (!state.picked) return Boolean(state.resting[index]);
  const score = state.picked.values[index];
  return score === NONE || score < state.picked.enough;
}

// -- where things are --------------------------------------------------------------------------------

/** Sizes from the room there is, then everything painted. Safe to call at any time. */
function draw(state) {
  const width = state.root.clientWidth;
  if (!width) return; // in a tab that is not shown; the observer calls again
  const [layers, heads] = state.header.shape;
  const theme = (state.theme = themeOf(state.root));
  state.own = state.header.colours[theme.name];
  // 0 to 255: weights, 256: not allowed, 257: the lines on that
  const colours = [...ramp(state.own.weights), rgb(state.own.notAllowed), rgb(state.own.hatch)];
  state.lut = new Uint32Array(colours.map(([r, g, b]) => (255 << 24) | (b << 16) | (g << 8) | r));
  state.role = board.role;
  state.picked = picked(state);
  state.sort.hidden = !state.picked;
  place(state);

  const size = Math.round(11 * theme.scale);
  const pen = state.view.getContext("2d");
  pen.font = `600 ${size}px ${theme.font}`;
  // in order of a role every tile has its own name above it; else rows and columns have theirs
  const named = Boolean(state.order);
  const label = Math.ceil(pen.measureText(named ? `L${layers - 1}·H${heads - 1}` : `H${Math.max(layers, heads) - 1}`).width);
  const [left, top] = named ? [2, 0] : [label + 8, size + 8];
  const head = named ? size + 5 : 0;
  let [columns, rows] = [heads, layers];
  let pitch;
  if (named) {
    const least = Math.max(SMALLEST, label + 8);
    const fits = (side) => Math.ceil((layers * heads) / Math.max(1, Math.floor((width - left) / side))) * (side + head);
    pitch = least;
    while (pitch < LARGEST && fits(pitch + 2) <= HEIGHT * theme.scale) pitch += 2;
    columns = Math.max(1, Math.floor((width - left) / pitch));
    rows = Math.ceil((layers * heads) / columns);
  } else {
    const room = Math.floor(Math.min((width - left) / heads, (HEIGHT * theme.scale - top) / layers));
    pitch = Math.min(Math.max(room, SMALLEST), LARGEST);
  }
  const gap = pitch >= 44 ? 6 : pitch >= 26 ? 4 : 3;
  const high = pitch + head; // of a row of tiles
  const [wide, tall] = [left + columns * pitch, top + rows * high];
  const seen = Math.min(tall, Math.max(HEIGHT * theme.scale, top + SMALLEST));
  state.at = { left, top, pitch, tile: pitch - gap, size, label, head, high, columns, rows };
  state.space.style.width = `${wide}px`;
  state.space.style.height = `${tall}px`;
  // where it scrolls sideways, the scrollbar needs a place of its own
  state.scroller.style.height = `${seen + (wide > width ? 12 : 0)}px`;
  const [viewWidth, viewHeight] = [Math.min(wide, width), Math.min(tall, state.scroller.clientHeight || seen)];
  const dpr = window.devicePixelRatio || 1;
  for (const canvas of [state.view, state.base]) {
    canvas.width = Math.round(viewWidth * dpr);
    canvas.height = Math.round(viewHeight * dpr);
  }
  state.view.style.width = `${viewWidth}px`;
  state.view.style.height = `${viewHeight}px`;
  state.dpr = dpr;
  const told = { left, top, pitch, tile: state.at.tile, layers, heads, columns, rows: high };
  Object.assign(state.root.dataset, told, { order: named ? board.role : "", role: state.role });
  reveal(state);
  paint(state);
}

/** In which order the tiles stand: state.order holds tile numbers, or null for layers down and heads across. */
function place(state) {
  const [layers, heads] = state.header.shape;
  const values = state.picked?.values;
  state.order = null;
  if (!values || !state.sorted) return;
  const rank = (index) => (values[index] === NONE ? -1 : values[index]);
  state.order = Array.from({ length: layers * heads }, (_, index) => index).sort((a, b) => rank(b) - rank(a) || a - b);
  state.rank = new Map(state.order.map((index, at) => [index, at]));
}

/** Row and column in which a tile stands. */
function spot(state, [layer, head]) {
  if (!state.order) return [layer, head];
  const at = state.rank.get(layer * state.header.shape[1] + head);
  return [Math.floor(at / state.at.columns), at % state.at.columns];
}

/** The tile that stands in a row and a column, or null. */
function tileAt(state, row, column) {
  const [layers, heads] = state.header.shape;
  const { rows, columns } = state.at;
  if (row < 0 || column < 0 || row >= rows || column >= columns) return null;
  if (!state.order) return [row, column];
  const index = state.order[row * columns + column];
  return index === undefined || index >= layers * heads ? null : [Math.floor(index / heads), index % heads];
}

/** The tile under the pointer, [layer, head], or null. */
function hit(state, event) {
  const { left, top, pitch, high } = state.at;
  if (event.offsetX < left || event.offsetY < top) return null;
  const column = Math.floor((event.offsetX - left + state.scroller.scrollLeft) / pitch);
  const row = Math.floor((event.offsetY - top + state.scroller.scrollTop) / high);
  return tileAt(state, row, column);
}

/** Left top corner of a tile in the view, CSS px. */
function corner(state, tile) {
  const { left, top, pitch, tile: side, head, high } = state.at;
  const [row, column] = spot(state, tile);
  const inset = Math.round((pitch - side) / 2);
  const { scrollLeft, scrollTop } = state.scroller;
  return [left + column * pitch + inset - scrollLeft, top + row * high + head + inset - scrollTop];
}

/** Scroll inside itself until the chosen tile is in sight; the page does not move. Returns whether it scrolled. */
function reveal(state) {
  const chosen = chosenOf(state);
  if (!chosen) return false;
  const { left, top, pitch, high } = state.at;
  const [row, column] = spot(state, chosen);
  const { scroller } = state;
  const before = [scroller.scrollTop, scroller.scrollLeft];
  const within = (from, start, length, room) => Math.min(Math.max(from, start + length - room), start);
  scroller.scrollTop = within(scroller.scrollTop, row * high, high, scroller.clientHeight - top);
  scroller.scrollLeft = within(scroller.scrollLeft, column * pitch, pitch, scroller.clientWidth - left);
  return scroller.scrollTop !== before[0] || scroller.scrollLeft !== before[1];
}

// -- painting ----------------------------------------------------------------------------------------

/** One tile as pixels, `size` device px square: cells keep hard edges; where several cells share a pixel
 *  the largest weight is shown, so that a thin diagonal is not lost. */
function pixels(state, [layer, head], size) {
  const [, heads, nQuery, nKey] = state.header.shape;
  const { tiles, allowed, lut } = state;
  const start = (layer * heads + head) * nQuery * nKey;
  const mask = state.header.masks === 1 ? 0 : layer * nQuery * nKey; // one for all layers, or one each
  const image = new ImageData(size, size);
  const out = new Uint32Array(image.data.buffer);
  const first = (pixel, n) => (size >= n ? Math.floor((pixel * n) / size) : Math.ceil((pixel * n) / size));
  const last = (pixel, n) => (size >= n ? first(pixel, n) : Math.ceil(((pixel + 1) * n) / size) - 1);
  const columns = Array.from({ length: size }, (_, x) => [first(x, nKey), last(x, nKey)]);
  for (let y = 0, o = 0; y < size; y++) {
    const [top, bottom] = [first(y, nQuery), last(y, nQuery)];
    for (let x = 0; x < size; x++, o++) {
      const [left, right] = columns[x];
      let value = -1;
      for (let q = top; q <= bottom; q++) {
        for (let k = left, i = q * nKey + left; k <= right; k++, i++) {
          if (allowed[mask + i] && tiles[start + i] > value) value = tiles[start + i];
        }
      }
      out[o] = lut[value >= 0 ? value : onHatch(x, y, state.dpr) ? 257 : 256];
    }
  }
  return image;
}

/** Tiles and their marks in sight, kept aside so that hovering only adds an outline. */
function paint(state) {
  const { base, dpr, theme, at, scroller, own, marks, header } = state;
  const heads = header.shape[1];
  const pen = base.getContext("2d");
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, base.width, base.height);
  const size = Math.round(at.tile * dpr);
  const seen = (scroll, room, side, n) => [Math.floor(scroll / side), Math.min(n, Math.ceil((scroll + room) / side))];
  const [rowFrom, rowTo] = seen(scroller.scrollTop, base.height / dpr - at.top, at.high, at.rows);
  const [from, to] = seen(scroller.scrollLeft, base.width / dpr - at.left, at.pitch, at.columns);
  const background = theme.background;
  pen.textBaseline = "middle";
  for (let row = rowFrom; row < rowTo; row++) {
    for (let column = from; column < to; column++) {
      const tile = tileAt(state, row, column);
      if (!tile) continue;
      const index = tile[0] * heads + tile[1];
      const [x, y] = corner(state, tile).map((v) => Math.round(v * dpr));
      const pale = isPale(state, index);
      pen.putImageData(pixels(state, tile, size), x, y);
      if (pale) {
        pen.globalAlpha = 1 - PALE;
        pen.fillStyle = background;
        pen.fillRect(x, y, size, size);
      }
      pen.globalAlpha = pale ? 0.1 : 0.18;
      pen.lineWidth = 1;
      pen.strokeStyle = theme.text;
      pen.strokeRect(x - 0.5, y - 0.5, size + 1, size + 1);
      pen.globalAlpha = 1;
      if (marks[index] !== NONE) mark(pen, { x, y, size, dpr, theme, pale }, own.categories[marks[index]], header.roles[marks[index]].letter);
      if (!state.order) continue;
      const value = state.picked.values[index];
      pen.fillStyle = theme.text;
      pen.globalAlpha = pale ? 0.55 : 0.9;
      pen.font = `${at.size * dpr}px ${theme.font}`;
      pen.textAlign = "left";
      const score = value === NONE ? "" : (value / 100).toFixed(2);
      const both = `${name(tile)} ${score}`;
      pen.fillText(pen.measureText(both).width <= size ? both : name(tile), x, y - (at.size * dpr) / 2 - 3 * dpr);
      pen.globalAlpha = 1;
    }
  }
  show(state);
}

/** A head's role on its tile: a coloured edge at the right, where causal maps are empty, and its letter. */
function mark(pen, { x, y, size, dpr, theme, pale }, colour, letter) {
  const edge = Math.max(2, Math.min(4, size / dpr / 10)) * dpr;
  pen.globalAlpha = pale ? 0.45 : 1;
  pen.fillStyle = colour;
  pen.fillRect(x + size - edge, y, edge, size);
  const type = Math.min(13, (size / dpr) * 0.34) * dpr;
  if (type >= 8 * dpr) {
    const side = type * 1.25;
    pen.fillRect(x + size - edge - side + edge, y, side, side);
    pen.fillStyle = contrast(rgb(colour), [255, 255, 255]) >= 4.5 ? "#fff" : "#000";
    pen.font = `700 ${type}px ${theme.font}`;
    pen.textAlign = "center";
    pen.fillText(letter, x + size - side / 2, y + side / 2 + dpr * 0.5);
  }
  pen.globalAlpha = 1;
}

/** The kept picture, the frames, and the labels on top of what scrolled under them. */
function show(state) {
  const { view, base, dpr, theme, at, hover: over } = state;
  const heads = state.header.shape[1];
  const chosen = (state.shown = chosenOf(state));
  const pen = view.getContext("2d");
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, view.width, view.height);
  pen.drawImage(base, 0, 0);
  pen.setTransform(dpr, 0, 0, dpr, 0, 0);
  const outline = (tile, colour, width, out) => {
    const [x, y] = corner(state, tile);
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.beginPath();
    pen.roundRect(x - out, y - out, at.tile + 2 * out, at.tile + 2 * out, 2);
    pen.stroke();
  };
  if (over) outline(over, theme.text, 1.5, 0.75);
  if (chosen) outline(chosen, theme.primary, at.pitch >= 26 ? 3 : 2, at.pitch >= 26 ? 1.5 : 1);
  if (!state.order) headings(state, pen, chosen ?? [-1, -1]);
  if (!chosen) return;

  Object.assign(state.root.dataset, { layer: chosen[0], head: chosen[1] });
  state.root.dataset.hover = over ? over.join(",") : "";
  const [row, column] = spot(state, chosen);
  const score = state.order ? [(state.picked.values[chosen[0] * heads + chosen[1]] / 100).toFixed(2)] : [];
  state.cell.textContent = [name(chosen), ...score, ...said(state, chosen)].join(", ");
  state.root.setAttribute("aria-rowcount", at.rows);
  state.root.setAttribute("aria-colcount", at.columns);
  state.cell.parentElement.setAttribute("aria-rowindex", row + 1);
  state.cell.setAttribute("aria-colindex", column + 1);
}

/** Names of layers and heads, on top of what scrolled under them. */
function headings(state, pen, chosen) {
  const { view, dpr, theme, at, scroller } = state;
  const [layers, heads] = state.header.shape;
  const [width, height] = [view.width / dpr, view.height / dpr];
  pen.clearRect(0, 0, width, at.top - 3);
  pen.clearRect(0, 0, at.left - 3, height);
  pen.fillStyle = theme.text;
  pen.textBaseline = "middle";
  // a label for every tile, or for every 2nd, 4th … where they would touch; the chosen one is always there
  const step = (room) => 2 ** Math.max(0, Math.ceil(Math.log2(room / at.pitch)));
  const write = (n, wanted, every, place) => {
    for (let i = 0; i < n; i++) {
      const mine = i === wanted;
      if (!mine && (i % every || Math.abs(i - wanted) < every)) continue;
      pen.font = `${mine ? 700 : 400} ${at.size}px ${theme.font}`;
      pen.globalAlpha = mine ? 1 : 0.75;
      place(i);
    }
    pen.globalAlpha = 1;
  };
  pen.textAlign = "center";
  write(heads, chosen[1], step(at.label + 5), (i) => {
    const x = at.left + (i + 0.5) * at.pitch - scroller.scrollLeft;
    if (x > at.left) pen.fillText(`H${i}`, x, at.size / 2 + 2);
  });
  pen.textAlign = "right";
  write(layers, chosen[0], step(at.size + 2), (i) => {
    const y = at.top + (i + 0.5) * at.pitch - scroller.scrollTop;
    if (y > at.top) pen.fillText(`L${i}`, at.left - 5, y);
  });
}

const name = ([layer, head]) => `L${layer}·H${head}`;

/** What is known of a head, in words: its role, and that it rests. */
function said({ header, marks, resting }, [layer, head]) {
  const index = layer * header.shape[1] + head;
  const role = marks[index] === NONE ? [] : [`${header.roles[marks[index]].letter}: ${header.roles[marks[index]].says}`];
  return resting[index] ? [...role, header.words.resting] : role;
}

/** The roles a head does most, on this text and as known: rows of a small table, the strongest first. */
function strongest(state, [layer, head], most = 4) {
  const index = layer * state.header.shape[1] + head;
  const value = (table) => (table ? table[index] : undefined);
  return state.header.roles
    .map(({ letter, says }, i) => ({ letter, says, i, here: value(state.scores[i].here), known: value(state.scores[i].known) }))
    .map((row) => ({ ...row, score: Math.max(...[row.here, row.known].filter((v) => v !== undefined && v !== NONE), 0) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, most);
}

// -- what the visitor does ---------------------------------------------------------------------------

function hover(state, at) {
  state.view.style.cursor = at ? "pointer" : "default";
  if (String(at) === String(state.hover)) return;
  state.hover = at;
  show(state);
  const { tip } = state;
  if (!at) {
    hideTip(state);
    return;
  }
  const [title, canvas, meaning, table] = tip.children;
  const { words } = state.header;
  title.textContent = [name(at), ...said(state, at)].join(" · ");
  meaning.textContent = [words.meaning, words.pooled].filter(Boolean).join("; ");
  canvas.width = canvas.height = Math.round(MAGNIFIED * state.dpr);
  canvas.style.width = canvas.style.height = `${MAGNIFIED}px`;
  canvas.getContext("2d").putImageData(pixels(state, at, canvas.width), 0, 0);
  scoresTable(state, table, at);
  if (!tip.matches(":popover-open")) tip.showPopover();
  const view = state.view.getBoundingClientRect();
  const [x, y] = corner(state, at).map((v, i) => v + [view.left, view.top][i]);
  const box = tip.getBoundingClientRect();
  const right = x + state.at.tile + 14;
  const beside = right + box.width < window.innerWidth ? right : x - box.width - 14;
  const middle = y + state.at.tile / 2 - box.height / 2;
  tip.style.left = `${Math.max(4, beside)}px`;
  tip.style.top = `${Math.max(4, Math.min(middle, window.innerHeight - box.height - 4))}px`;
}

function hideTip({ tip }) {
  if (tip.matches(":popover-open")) tip.hidePopover();
}

function scoresTable(state, table, at) {
  const { words, roles } = state.header;
  const columns = ["here", ...(roles.some(({ known }) => known) ? ["known"] : [])];
  const row = (...texts) => {
    const made = document.createElement("tr");
    for (const text of texts) made.insertCell().textContent = text;
    return made;
  };
  const number = (value) => (value === undefined ? "–" : value === NONE ? words.asleep : (value / 100).toFixed(2));
  const rows = strongest(state, at).map((r) => row(`${r.letter}  ${r.says}`, ...columns.map((column) => number(r[column]))));
  table.replaceChildren(row("", ...columns.map((column) => words[column])), ...rows);
}

function choose(state, [layer, head], delay) {
  board.choose({ layer, head }, delay); // and so to heard()
}

function onKey(state, event) {
  const chosen = chosenOf(state);
  if (!chosen || event.target !== state.root) return;
  const { rows, columns } = state.at;
  const [row, column] = spot(state, chosen);
  const moves = {
    ArrowUp: [row - 1, column], ArrowDown: [row + 1, column],
    ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
    Home: [row, 0], End: [row, columns - 1], PageUp: [0, column], PageDown: [rows - 1, column],
  };
  const to = moves[event.key];
  if (!to || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const tile = tileAt(state, ...to);
  if (tile) choose(state, tile, KEYBOARD_REST);
}
