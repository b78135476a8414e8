// One canvas: layers down, heads across. The element's data-* attributes say where things are, for tests.

const HEIGHT = 400; // the whole picture fits this, until tiles would be too small to see
const SMALLEST = 18; // px from tile to tile; below this the picture scrolls inside itself
const LARGEST = 168;
const MAGNIFIED = 160;

const states = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const { header, payload } = unpack(data);
  const root = parentElement.querySelector(".head-grid");
  let state = states.get(parentElement);
  if (!state) {
    state = { choice: new Choice(header.answered), hover: null, base: new OffscreenCanvas(1, 1) };
    states.set(parentElement, state);
    document.fonts.ready.then(() => draw(state));
  }
  const [, , nQuery, nKey] = header.shape;
  Object.assign(state, {
    root, header, setTriggerValue,
    scroller: root.querySelector(".scroller"),
    space: root.querySelector(".space"),
    view: root.querySelector(".view"),
    cell: root.querySelector("[role=gridcell]"),
    tip: root.querySelector(".tip"),
    allowed: new Uint8Array(payload, 0, nQuery * nKey),
    tiles: new Uint8Array(payload, nQuery * nKey),
  });
  state.choice.hear(header);
  root.setAttribute("aria-label", header.words.label);
  root.setAttribute("aria-rowcount", header.shape[0]);
  root.setAttribute("aria-colcount", header.shape[1]);
  root.onkeydown = (event) => onKey(state, event);
  state.view.onpointermove = (event) => hover(state, hit(state, event));
  state.view.onpointerleave = state.view.onpointercancel = () => hover(state, null);
  state.view.onclick = (event) => {
    const at = hit(state, event);
    if (at) choose(state, at, 0);
  };
  state.scroller.onscroll = () => {
    hover(state, null);
    paint(state);
  };
  if (state.observed !== root) {
    state.observer?.disconnect();
    state.observer = new ResizeObserver(() => draw(state));
    state.observer.observe(root);
    state.observed = root;
  }
  draw(state);
  return () => {
    state.observer.disconnect();
    clearTimeout(state.choice.timer);
  };
}

// -- where things are --------------------------------------------------------------------------------

/** Sizes from the room there is, then everything painted. Safe to call at any time. */
function draw(state) {
  const width = state.root.clientWidth;
  if (!width) return; // in a tab that is not shown; the observer calls again
  const [layers, heads] = state.header.shape;
  const theme = (state.theme = themeOf(state.root));
  const own = state.header.colours[theme.name];
  const colours = [...ramp(own.weights), rgb(own.notAllowed)]; // 0 to 255: weights, 256: not allowed
  state.lut = new Uint32Array(colours.map(([r, g, b]) => (255 << 24) | (b << 16) | (g << 8) | r));

  const size = Math.round(11 * theme.scale);
  const pen = state.view.getContext("2d");
  pen.font = `600 ${size}px ${theme.font}`;
  const label = Math.ceil(pen.measureText(`H${Math.max(layers, heads) - 1}`).width);
  const [left, top] = [label + 8, size + 8];
  const room = Math.floor(Math.min((width - left) / heads, (HEIGHT * theme.scale - top) / layers));
  const pitch = Math.min(Math.max(room, SMALLEST), LARGEST);
  const gap = pitch >= 44 ? 6 : pitch >= 26 ? 4 : 3;
  const [wide, high] = [left + heads * pitch, top + layers * pitch];
  const shown = Math.min(high, Math.max(HEIGHT * theme.scale, top + SMALLEST));
  state.at = { left, top, pitch, tile: pitch - gap, size, label };
  state.space.style.width = `${wide}px`;
  state.space.style.height = `${high}px`;
  // where it scrolls sideways, the scrollbar needs a place of its own
  state.scroller.style.height = `${shown + (wide > width ? 12 : 0)}px`;
  const [viewWidth, viewHeight] = [Math.min(wide, width), Math.min(high, state.scroller.clientHeight || shown)];
  const dpr = window.devicePixelRatio || 1;
  for (const canvas of [state.view, state.base]) {
    canvas.width = Math.round(viewWidth * dpr);
    canvas.height = Math.round(viewHeight * dpr);
  }
  state.view.style.width = `${viewWidth}px`;
  state.view.style.height = `${viewHeight}px`;
  state.dpr = dpr;
  Object.assign(state.root.dataset, { left, top, pitch, tile: state.at.tile, layers, heads });
  reveal(state);
  paint(state);
}

/** The tile under the pointer, [layer, head], or null. */
function hit(state, event) {
  const { left, top, pitch } = state.at;
  if (event.offsetX < left || event.offsetY < top) return null;
  const head = Math.floor((event.offsetX - left + state.scroller.scrollLeft) / pitch);
  const layer = Math.floor((event.offsetY - top + state.scroller.scrollTop) / pitch);
  const [layers, heads] = state.header.shape;
  return layer < layers && head < heads ? [layer, head] : null;
}

/** Left top corner of a tile in the view, CSS px. */
function corner(state, [layer, head]) {
  const { left, top, pitch, tile } = state.at;
  const inset = Math.round((pitch - tile) / 2);
  const { scrollLeft, scrollTop } = state.scroller;
  return [left + head * pitch + inset - scrollLeft, top + layer * pitch + inset - scrollTop];
}

/** Scroll inside itself until the chosen tile is in sight; the page does not move. Returns whether it scrolled. */
function reveal(state) {
  const { left, top, pitch } = state.at;
  const [layer, head] = state.choice.value;
  const { scroller } = state;
  const before = [scroller.scrollTop, scroller.scrollLeft];
  const within = (from, start, room) => Math.min(Math.max(from, start + pitch - room), start);
  scroller.scrollTop = within(scroller.scrollTop, layer * pitch, scroller.clientHeight - top);
  scroller.scrollLeft = within(scroller.scrollLeft, head * pitch, scroller.clientWidth - left);
  return scroller.scrollTop !== before[0] || scroller.scrollLeft !== before[1];
}

// -- painting ----------------------------------------------------------------------------------------

/** One tile as pixels, `size` device px square: cells keep hard edges; where several cells share a pixel
 *  the largest weight is shown, so that a thin diagonal is not lost. */
function pixels(state, [layer, head], size) {
  const [, heads, nQuery, nKey] = state.header.shape;
  const { tiles, allowed, lut } = state;
  const start = (layer * heads + head) * nQuery * nKey;
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
          if (allowed[i] && tiles[start + i] > value) value = tiles[start + i];
        }
      }
      out[o] = lut[value < 0 ? 256 : value];
    }
  }
  return image;
}

/** Tiles and labels in sight, kept aside so that hovering only adds an outline. */
function paint(state) {
  const { base, dpr, theme, at, scroller } = state;
  const [layers, heads] = state.header.shape;
  const pen = base.getContext("2d");
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, base.width, base.height);
  const size = Math.round(at.tile * dpr);
  const seen = (scroll, room, n) => [Math.floor(scroll / at.pitch), Math.min(n, Math.ceil((scroll + room) / at.pitch))];
  const [layerFrom, layerTo] = seen(scroller.scrollTop, base.height / dpr - at.top, layers);
  const [headFrom, headTo] = seen(scroller.scrollLeft, base.width / dpr - at.left, heads);
  pen.strokeStyle = theme.text;
  pen.globalAlpha = 0.16;
  pen.lineWidth = 1;
  for (let layer = layerFrom; layer < layerTo; layer++) {
    for (let head = headFrom; head < headTo; head++) {
      const [x, y] = corner(state, [layer, head]).map((v) => Math.round(v * dpr));
      pen.putImageData(pixels(state, [layer, head], size), x, y);
      pen.strokeRect(x - 0.5, y - 0.5, size + 1, size + 1);
    }
  }
  pen.globalAlpha = 1;
  show(state);
}

/** The kept picture, the frames, and the labels on top of what scrolled under them. */
function show(state) {
  const { view, base, dpr, theme, at, scroller, hover: over } = state;
  const [layers, heads] = state.header.shape;
  const chosen = state.choice.value;
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
  outline(chosen, theme.primary, at.pitch >= 26 ? 3 : 2, at.pitch >= 26 ? 1.5 : 1);

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

  Object.assign(state.root.dataset, { layer: chosen[0], head: chosen[1] });
  state.root.dataset.hover = over ? over.join(",") : "";
  state.cell.textContent = name(chosen);
  state.cell.parentElement.setAttribute("aria-rowindex", chosen[0] + 1);
  state.cell.setAttribute("aria-colindex", chosen[1] + 1);
}

const name = ([layer, head]) => `L${layer}·H${head}`;

// -- what the visitor does ---------------------------------------------------------------------------

function hover(state, at) {
  state.view.style.cursor = at ? "pointer" : "default";
  if (String(at) === String(state.hover)) return;
  state.hover = at;
  show(state);
  const { tip } = state;
  if (!at) {
    if (tip.matches(":popover-open")) tip.hidePopover();
    return;
  }
  const [title, canvas, meaning] = tip.children;
  title.textContent = name(at);
  meaning.textContent = state.header.words.meaning;
  canvas.width = canvas.height = Math.round(MAGNIFIED * state.dpr);
  canvas.style.width = canvas.style.height = `${MAGNIFIED}px`;
  canvas.getContext("2d").putImageData(pixels(state, at, canvas.width), 0, 0);
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

function choose(state, at, delay) {
  if (!state.choice.make(at, state.setTriggerValue, delay)) return;
  if (reveal(state)) paint(state);
  else show(state);
}

function onKey(state, event) {
  const [layers, heads] = state.header.shape;
  const [layer, head] = state.choice.value;
  const moves = {
    ArrowUp: [layer - 1, head], ArrowDown: [layer + 1, head],
    ArrowLeft: [layer, head - 1], ArrowRight: [layer, head + 1],
    Home: [layer, 0], End: [layer, heads - 1], PageUp: [0, head], PageDown: [layers - 1, head],
  };
  const to = moves[event.key];
  if (!to || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  if (to[0] >= 0 && to[0] < layers && to[1] >= 0 && to[1] < heads) choose(state, to, KEYBOARD_REST);
}
