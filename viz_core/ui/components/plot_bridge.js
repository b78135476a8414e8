// Streamlit puts a new element in place of a figure that changed, so figures are looked for whenever the page
// changes, and everything is kept by element. Frames are elements of our own inside the figure, placed from its
// axes: Plotly and Streamlit know nothing of them, and zoom, pan and a new size only move them.

const REDRAWN = ["plotly_afterplot", "plotly_relayout", "plotly_relayouting"];
const EDGE = 4; // px a frame may reach over the plot's edge

const states = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const { header } = unpack(data);
  let state = states.get(parentElement);
  if (!state) {
    state = { choice: new Choice(header.answered), figures: new Map(), hover: null, hovered: null, focused: null };
    states.set(parentElement, state);
    const soon = () => (state.frame ??= requestAnimationFrame(() => scan(state)));
    state.observer = new MutationObserver(soon);
    state.observer.observe(document.body, { childList: true, subtree: true });
    // keys pressed while the focused figure is away and its successor is not there yet
    state.between = (event) => {
      if (state.focused && document.activeElement === document.body) onKey(state, state.focused.rows, event);
    };
    document.addEventListener("keydown", state.between);
  }
  const theme = themeOf(parentElement.querySelector(".plot-bridge"));
  Object.assign(state, { header, theme, setTriggerValue });
  state.choice.hear(header);
  // figures are drawn by Python in the theme it knew: when the visitor switches, ask for them again, once
  if (theme.name === header.theme) state.asked = null;
  else if (state.asked !== theme.name) setTriggerValue("theme", (state.asked = theme.name));
  // invisible, so it should not leave the gap between two elements either
  const box = parentElement.closest(".stElementContainer");
  if (box) box.style.position = "absolute";
  scan(state);
  placeAll(state);
  return () => {
    state.observer.disconnect();
    document.removeEventListener("keydown", state.between);
    cancelAnimationFrame(state.frame);
    clearTimeout(state.choice.timer);
    for (const figure of [...state.figures.keys()]) release(state, figure);
    states.delete(parentElement);
  };
}

// -- the figures on the page -------------------------------------------------------------------------

function scan(state) {
  state.frame = null;
  for (const [figure, own] of state.figures) {
    // Plotly starts anew on the same element: a new emitter, which has not heard of us
    if (!figure.isConnected || figure._ev !== own.emitter) release(state, figure);
  }
  for (const key of state.header.keys) {
    const name = key.trim().replace(/[^a-zA-Z0-9_-]/g, "-"); // as Streamlit does
    for (const figure of document.querySelectorAll(`.st-key-${name} .js-plotly-plot`)) {
      if (figure.on && figure._fullLayout && !state.figures.has(figure)) attach(state, figure, key);
    }
  }
}

function attach(state, figure, key) {
  const listeners = {
    plotly_click: (event) => onClick(state, figure, event),
    plotly_hover: (event) => onHover(state, figure, event),
    plotly_unhover: () => setHover(state, null, null),
  };
  for (const name of REDRAWN) listeners[name] = () => place(state, figure);
  for (const [name, listener] of Object.entries(listeners)) figure.on(name, listener);
  state.figures.set(figure, { key, listeners, emitter: figure._ev, overlay: null });
  figure.classList.add("linked-figure");
  figure.tabIndex = 0;
  figure.setAttribute("role", "application"); // a screen reader then leaves the arrow keys to us
  figure.onkeydown = (event) => event.target === figure && onKey(state, mapsOf(figure)[0]?.rows, event);
  figure.onfocus = () => (state.focused = { key, rows: mapsOf(figure)[0]?.rows });
  // a figure that Streamlit hides and then takes away loses the focus too, but the visitor did not leave it
  figure.onblur = () => setTimeout(() => {
    const there = figure.isConnected && figure.checkVisibility({ visibilityProperty: true });
    if (there && state.focused?.key === key) state.focused = null;
  });
  place(state, figure);
}

function release(state, figure) {
  const { listeners, overlay } = state.figures.get(figure);
  for (const [name, listener] of Object.entries(listeners)) figure.removeListener?.(name, listener);
  overlay?.remove();
  figure.onkeydown = figure.onfocus = figure.onblur = null;
  figure.classList.remove("linked-figure");
  state.figures.delete(figure);
  if (state.hovered === figure) setHover(state, null, null);
}

/** Gives the focus to the successor of the figure that had it; refused while Streamlit still hides it, so again. */
function refocus(state, figure, tries = 40) {
  const own = state.figures.get(figure);
  const wanted = own && state.focused?.key === own.key && document.activeElement === document.body;
  if (!wanted || !tries) return;
  figure.focus({ preventScroll: true });
  if (document.activeElement !== figure) setTimeout(() => refocus(state, figure, tries - 1), 50);
}

/** The linked maps of a figure: their axes, and which end of a cell their rows stand for. */
function mapsOf(figure) {
  const maps = new Map();
  for (const trace of figure._fullData ?? []) {
    const meta = metaOf(figure, trace);
    if (meta.linked !== "cells" || !trace.visible || !["heatmap", "image"].includes(trace.type)) continue;
    const axis = (name) => figure._fullLayout[`${name[0]}axis${name.slice(1)}`];
    maps.set(trace.xaxis + trace.yaxis, { x: axis(trace.xaxis), y: axis(trace.yaxis), rows: rowsOf(meta) });
  }
  return [...maps.values()];
}

const metaOf = (figure, trace) => ({ ...figure._fullLayout.meta, ...trace?.meta });
const rowsOf = (meta) => (meta.columns === "key-rows" ? "key" : meta.rows_only ? "query" : "cell");

// -- frames ------------------------------------------------------------------------------------------

function placeAll(state) {
  for (const figure of state.figures.keys()) place(state, figure);
}

function place(state, figure) {
  const own = state.figures.get(figure);
  const above = figure._fullLayout?._toppaper?.node(); // titles and hover labels stay on top of the frames
  if (!own || !above) return;
  const title = figure.querySelector(".gtitle");
  const lines = title?.querySelector(".line") ? [...title.querySelectorAll(".line")] : title ? [title] : [];
  figure.setAttribute("aria-label", [...lines.map((line) => line.textContent), state.header.words.label].join(". "));
  figure.style.setProperty("--linked-colour", state.header.colour[state.theme.name]);
  figure.style.setProperty("--linked-text", state.theme.text);
  figure.style.setProperty("--linked-background", state.theme.background);
  if (!own.overlay || own.overlay.nextSibling !== above) {
    own.overlay?.remove();
    own.overlay = element("linked-overlay");
    own.overlay.dataset.testid = "linked-overlay";
    above.before(own.overlay);
  }
  const maps = mapsOf(figure);
  while (own.overlay.children.length > maps.length) own.overlay.lastChild.remove();
  maps.forEach((map, i) => {
    let clip = own.overlay.children[i];
    if (!clip) {
      clip = element("");
      clip.append(element("linked-band"), element("linked-band"), element("linked-hover"), element("linked-chosen"));
      clip.lastChild.dataset.testid = "chosen-cell";
      clip.children[2].dataset.testid = "hovered-cell";
      own.overlay.append(clip);
    }
    const [wide, high] = [map.x._length, map.y._length];
    put(clip, { x: map.x._offset - EDGE, y: map.y._offset - EDGE, w: wide + 2 * EDGE, h: high + 2 * EDGE });
    const [row, column, hover, chosen] = clip.children;
    const over = state.hover && boxOf(map, state.hover);
    const whole = { x: EDGE, y: EDGE, w: wide, h: high };
    put(row, over && { ...whole, y: over.y, h: over.h });
    put(column, over && map.rows === "cell" && state.hover[1] !== null ? { ...whole, x: over.x, w: over.w } : null);
    put(hover, over && grown(over, 0.5, 7));
    put(chosen, grown(state.choice.value && boxOf(map, state.choice.value), 1.5, 10));
    mark(hover, state.hover);
    mark(chosen, state.choice.value);
  });
  if (state.focused?.key === own.key) refocus(state, figure);
}

/** Where a map shows a cell [query, key], px from the clip's corner; null where it does not. */
function boxOf(map, [query, key]) {
  const span = (axis, index) => {
    const [a, b] = [axis.l2p(index - 0.5), axis.l2p(index + 0.5)];
    return [Math.min(a, b) + EDGE, Math.abs(b - a)];
  };
  const row = map.rows === "key" ? key : query;
  if (row === null) return null;
  const [y, h] = span(map.y, row);
  const [x, w] = map.rows === "cell" && key !== null ? span(map.x, key) : [EDGE, map.x._length];
  return { x, y, w, h };
}

/** A little larger than the cell, and never too small to be seen. */
function grown(box, by, least) {
  if (!box) return null;
  const [w, h] = [Math.max(box.w + 2 * by, least), Math.max(box.h + 2 * by, least)];
  return { x: box.x + (box.w - w) / 2, y: box.y + (box.h - h) / 2, w, h };
}

function element(name) {
  const made = document.createElement("div");
  made.className = name;
  return made;
}

function put(node, box) {
  node.hidden = !box;
  if (!box) return;
  node.style.left = `${box.x}px`;
  node.style.top = `${box.y}px`;
  node.style.width = `${box.w}px`;
  node.style.height = `${box.h}px`;
}

function mark(node, cell) {
  node.dataset.query = cell?.[0] ?? "";
  node.dataset.key = cell?.[1] ?? "";
}

// -- what the visitor does ---------------------------------------------------------------------------

/** The cell a Plotly event is about, an end of it null where the figure does not tell; or null. */
function cellOf(figure, event) {
  if (event.event && !event.event.isTrusted) return null; // made by a script, not by a person
  const point = event.points?.[0];
  const meta = metaOf(figure, point?.fullData);
  if (!point || meta.linked !== "cells") return null;
  const [x, y] = [Math.round(point.x), Math.round(point.y)];
  if (Number.isNaN(y)) return null;
  return { cell: [y, x], query: [y, null], key: [null, y] }[rowsOf(meta)];
}

function onClick(state, figure, event) {
  figure.focus({ preventScroll: true }); // so that arrow keys go on from the clicked cell
  const cell = cellOf(figure, event);
  if (!cell) return;
  if (event.event?.type.startsWith("touch")) setHover(state, null, null); // no finger will leave the cell
  choose(state, cell.map((end, i) => end ?? state.choice.value?.[i] ?? 0), 0);
}

function onHover(state, figure, event) {
  const cell = cellOf(figure, event);
  if (cell) setHover(state, cell, figure);
}

function setHover(state, cell, figure) {
  state.hovered = figure;
  if (String(cell) === String(state.hover)) return;
  state.hover = cell;
  placeAll(state);
}

function choose(state, cell, delay) {
  const inside = cell.map((end, i) => Math.min(Math.max(end, 0), state.header.shape[i] - 1));
  if (state.choice.make(inside, state.setTriggerValue, delay)) placeAll(state);
}

function onKey(state, rows, event) {
  const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
  if (!step || !rows || event.ctrlKey || event.metaKey || event.altKey) return;
  if (rows !== "cell" && step[1]) return; // sideways is another component of the same vector
  event.preventDefault();
  const [query, key] = state.choice.value ?? [0, 0];
  choose(state, rows === "key" ? [query, key + step[0]] : [query + step[0], key + step[1]], KEYBOARD_REST);
}
