// Streamlit puts a new element in place of a figure that changed, so figures are looked for whenever the page
// changes, and everything is kept by element. Frames are elements of our own inside the figure, placed from its
// axes: Plotly and Streamlit know nothing of them, and zoom, pan and a new size only move them.

const REDRAWN = ["plotly_afterplot", "plotly_relayouting"];
const EDGE = 4; // px a frame may reach over the plot's edge
const MOST_LABELS = 40; // tokens along an axis whose names are written
const WRITTEN = "%{z:.2f}"; // a cell's number, where it fits
const ROOM = [34, 17]; // px that it needs
const SETTLED = 150; // ms without another zoom before Python is asked for the part in sight

const states = new WeakMap();
const busy = new WeakMap(); // figure → how many changes of ours it is still drawing: what it then tells is not the visitor's

export default function ({ data, parentElement, setTriggerValue }) {
  const { header } = unpack(data);
  let state = states.get(parentElement);
  if (!state) {
    state = { figures: new Map(), hovered: null, focused: null, zoom: null };
    states.set(parentElement, state);
    const soon = () => (state.frame ??= requestAnimationFrame(() => scan(state)));
    state.observer = new MutationObserver(soon);
    state.observer.observe(document.body, { childList: true, subtree: true });
    // keys pressed while the focused figure is away and its successor is not there yet
    state.between = (event) => {
      if (state.focused && document.activeElement === document.body) onKey(state, state.focused.map, event);
    };
    document.addEventListener("keydown", state.between);
    state.deaf = board.listen(() => placeAll(state));
  }
  const another = state.header?.of !== header.of;
  if (another) Object.assign(state, { zoom: rangesAround(header.window), wanted: header.window });
  const theme = themeOf(parentElement.querySelector(".bridge"));
  Object.assign(state, { header, theme, setTriggerValue, says: parentElement.querySelector(".linked-says") });
  // figures are drawn by Python in the theme it knew: when the visitor switches, ask for them again, once
  if (theme.name === header.theme) state.asked = null;
  else if (state.asked !== theme.name) setTriggerValue("theme", (state.asked = theme.name));
  // invisible, so it should not leave the gap between two elements either
  const box = parentElement.closest(".stElementContainer");
  if (box) box.style.position = "absolute";
  scan(state);
  if (another) for (const figure of state.figures.keys()) frame(state, figure); // they may have come before us
  placeAll(state);
  return atEnd(state, () => {
    state.observer.disconnect();
    state.deaf();
    document.removeEventListener("keydown", state.between);
    cancelAnimationFrame(state.frame);
    clearTimeout(state.timer);
    for (const figure of [...state.figures.keys()]) release(state, figure);
    states.delete(parentElement);
  });
}

// -- the figures on the page -------------------------------------------------------------------------

function scan(state) {
  state.frame = null;
  for (const [figure, own] of state.figures) {
    // Plotly starts anew on the same element: a new emitter, which has not heard of us
    const gone = !figure.isConnected || !figure.checkVisibility();
    if (gone) keepInSight(own);
    if (gone || figure._ev !== own.emitter) release(state, figure);
  }
  for (const key of state.header.keys) {
    for (const figure of figuresOf(key)) {
      const drawn = figure.on && figure._fullLayout && figure.checkVisibility();
      if (drawn && !state.figures.has(figure)) attach(state, figure, key);
    }
  }
}

const placeOf = (key) => document.querySelector(`.st-key-${key.trim().replace(/[^a-zA-Z0-9_-]/g, "-")}`); // Streamlit's name
const figuresOf = (key) => [...(placeOf(key)?.querySelectorAll(".js-plotly-plot") ?? [])];

function attach(state, figure, key) {
  const listeners = {
    plotly_click: (event) => onClick(state, figure, event),
    plotly_hover: (event) => onHover(state, figure, event),
    plotly_unhover: () => point(state, null, null),
    plotly_relayout: (change) => onZoom(state, figure, change),
    plotly_autosize: () => frame(state, figure),
    plotly_doubleclick: () => zoomTo(state, null),
  };
  for (const name of REDRAWN) listeners[name] = () => redrawn(state, figure);
  for (const [name, listener] of Object.entries(listeners)) figure.on(name, listener);
  state.figures.set(figure, { key, listeners, emitter: figure._ev, overlay: null });
  figure.classList.add("linked-figure");
  figure.tabIndex = 0;
  figure.setAttribute("role", "application"); // a screen reader then leaves the arrow keys to us
  figure.onkeydown = (event) => {
    if (event.target === figure) onKey(state, mapsOf(figure)[0], event); // nothing returned: false would keep Tab from going on
  };
  figure.onfocus = () => (state.focused = { key, map: mapsOf(figure)[0] });
  // a figure that Streamlit hides and then takes away loses the focus too, but the visitor did not leave it
  figure.onblur = () => setTimeout(() => {
    const there = figure.isConnected && figure.checkVisibility({ visibilityProperty: true });
    if (there && state.focused?.key === key) state.focused = null;
  });
  frame(state, figure);
  redrawn(state, figure);
}

function redrawn(state, figure) {
  const own = state.figures.get(figure);
  if (!own) return;
  place(state, figure);
  cancelIdleCallback(own.idle);
  own.idle = requestIdleCallback(() => {
    if (!figure._dragging) frame(state, figure, true); // Streamlit may have drawn it as it came, after us
    const [around, box] = [placeOf(own.key)?.getBoundingClientRect(), figure.getBoundingClientRect()];
    if (!around) return;
    own.spot = { x: box.left - around.left, y: box.top - around.top, w: box.width, h: box.height };
    own.copy = copyOf(figure);
  }, { timeout: 500 });
}

function release(state, figure) {
  const { listeners, overlay, idle } = state.figures.get(figure);
  cancelIdleCallback(idle);
  for (const [name, listener] of Object.entries(listeners)) figure.removeListener?.(name, listener);
  overlay?.remove();
  figure.onkeydown = figure.onfocus = figure.onblur = null;
  figure.classList.remove("linked-figure");
  state.figures.delete(figure);
  if (state.hovered === figure) point(state, null, null);
}

/** Streamlit takes a figure away before its successor is drawn; until then a copy of what it showed stays in sight. */
function keepInSight({ key, spot, copy }) {
  const place = placeOf(key);
  const unseen = () => !figuresOf(key).some((one) => one.checkVisibility({ visibilityProperty: true }));
  if (!copy || !place?.checkVisibility() || !unseen()) return;
  const ghost = element("linked-ghost");
  Object.assign(ghost.style, { left: `${spot.x}px`, top: `${spot.y}px`, width: `${spot.w}px`, height: `${spot.h}px` });
  ghost.inert = true;
  ghost.append(copy);
  place.append(ghost);
  const until = performance.now() + 2000;
  const look = () => (unseen() && performance.now() < until ? requestAnimationFrame(look) : ghost.remove());
  look();
}

/** What a figure shows, with ids of its own: an id that is there twice means the first, which may be hidden. */
function copyOf(figure) {
  const copy = figure.querySelector(".plot-container")?.cloneNode(true);
  for (const node of copy?.querySelectorAll("[id]") ?? []) node.id += "-copy";
  for (const node of copy?.querySelectorAll("[clip-path]") ?? []) {
    node.setAttribute("clip-path", node.getAttribute("clip-path").replace(/#([\w-]+)/, "#$1-copy"));
  }
  return copy;
}

/** Gives the focus to the successor of the figure that had it; refused while Streamlit still hides it, so again. */
function refocus(state, figure, tries = 40) {
  const own = state.figures.get(figure);
  const wanted = own && state.focused?.key === own.key && document.activeElement === document.body;
  if (!wanted || !tries) return;
  figure.focus({ preventScroll: true });
  if (document.activeElement !== figure) setTimeout(() => refocus(state, figure, tries - 1), 50);
}

/** The linked maps of a figure: their uppermost trace and axes, and which end of a cell their rows stand for. */
function mapsOf(figure) {
  const maps = new Map();
  for (const trace of figure._fullData ?? []) {
    const meta = metaOf(figure, trace);
    const name = trace.xaxis + trace.yaxis;
    if (meta.linked !== "cells" || !trace.visible || !["heatmap", "image"].includes(trace.type)) continue;
    const axis = (of) => figure._fullLayout[axisName(of)];
    const own = meta.first || meta.words ? [trace.z.length, trace.z[0].length] : null;
    maps.set(name, { trace, meta, own, x: axis(trace.xaxis), y: axis(trace.yaxis), rows: rowsOf(meta) });
  }
  return [...maps.values()];
}

const axisName = (short) => `${short[0]}axis${short.slice(1)}`;
const metaOf = (figure, trace) => ({ ...figure._fullLayout.meta, ...trace?.meta });
const rowsOf = (meta) => (meta.columns === "key-rows" ? "key" : meta.rows_only ? "query" : "cell");

// -- zoom: kept when a figure is replaced, the same in all maps of cells ---------------------------------

const rangesOf = (map) => ({ x: [...map.x.range], y: [...map.y.range] });
const rangesAround = (part) => part && { x: [part[2] - 0.5, part[3] + 0.5], y: [part[1] + 0.5, part[0] - 0.5] };
const near = (a, b) => a.every((edge, i) => Math.abs(edge - b[i]) < 0.01);

/** The visitor has zoomed or dragged a map. */
function onZoom(state, figure, change) {
  place(state, figure);
  const map = mapsOf(figure).find(({ rows }) => rows === "cell");
  if (busy.get(figure) || !map || map.own || !Object.keys(change).some((name) => /axis\d*\.(auto)?range/.test(name))) return;
  const { query, key } = state.header.limits;
  const whole = map.x.range[0] <= 0 && map.y.range[1] <= 0 && map.x.range[1] >= key - 1 && map.y.range[0] >= query - 1;
  zoomTo(state, whole ? null : rangesOf(map));
}

function zoomTo(state, ranges) {
  state.zoom = ranges;
  for (const figure of state.figures.keys()) frame(state, figure);
  const parts = [...state.figures.keys()].some((figure) => mapsOf(figure).some(({ meta }) => meta.size > 1 || meta.window));
  clearTimeout(state.timer);
  if (parts) state.timer = setTimeout(() => ask(state), SETTLED);
}

/** Asks Python for the cells in sight, one by one where they are few enough. */
function ask(state) {
  const at = state.zoom && partOf(state, state.zoom);
  if (String(at) === String(state.wanted)) return;
  state.wanted = at;
  state.setTriggerValue("window", { at });
}

/** [first row, last row, first column, last column] in sight. */
function partOf({ header }, { x, y }) {
  const within = ([a, b], n) => {
    const [low, high] = [Math.min(a, b), Math.max(a, b)];
    return [Math.max(0, Math.round(low + 0.5)), Math.min(n - 1, Math.round(high - 0.5))];
  };
  return [...within(y, header.limits.query), ...within(x, header.limits.key)];
}

/** Brings a figure's maps to the kept zoom; writes tokens' names, and numbers into cells, where they have room.
 *  `again`: once it has been drawn; maps that keep no zoom are then left as the visitor has them. */
function frame(state, figure, again = false) {
  const { query, key } = state.header.limits;
  const changes = {};
  const written = new Map();
  for (const { rows, x, y, trace, meta, own } of mapsOf(figure)) {
    if (rows !== "cell" || (again && own)) continue;
    const [down, across] = own ?? [query, key];
    const to = (own ? null : state.zoom) ?? { x: [-0.5, across - 0.5], y: [down - 0.5, -0.5] };
    const sides = [[x, to.x], [y, to.y]].map(([axis, range]) => {
      const n = Math.abs(range[1] - range[0]);
      if (!near(axis.range, range)) changes[`${axis._name}.range`] = range;
      if (axis.showticklabels !== (n <= MOST_LABELS)) {
        changes[`${axis._name}.showticklabels`] = changes[`${axis._name}.automargin`] = n <= MOST_LABELS;
      }
      return axis._length / n;
    });
    const fits = (meta.size ?? 1) === 1 && sides.every((side, i) => side >= ROOM[i] * state.theme.scale);
    if (fits !== Boolean(trace.texttemplate)) written.set(trace.index, fits ? WRITTEN : "");
  }
  if (!Object.keys(changes).length && !written.size) return;
  busy.set(figure, (busy.get(figure) ?? 0) + 1);
  const traces = [...written.keys()];
  const drawn = traces.length
    ? window.Plotly.update(figure, { texttemplate: [...written.values()] }, changes, traces)
    : window.Plotly.relayout(figure, changes);
  drawn.finally(() => busy.set(figure, busy.get(figure) - 1));
}

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
  const { hover: pointed, value: chosenCell } = board;
  const pointedAt = pointed && [pointed.query ?? null, pointed.key ?? null];
  const chosenAt = chosenCell && [chosenCell.query, chosenCell.key];
  maps.forEach((map, i) => {
    const [at, cell] = [pointedAt && endsIn(map, pointedAt), chosenAt && endsIn(map, chosenAt)];
    let clip = own.overlay.children[i];
    if (!clip) {
      clip = element("");
      const names = ["linked-band", "linked-band", "linked-hover", "linked-chosen", "linked-value"];
      clip.append(...names.map(element));
      clip.children[2].dataset.testid = "hovered-cell";
      clip.children[3].dataset.testid = "chosen-cell";
      clip.children[4].dataset.testid = "linked-value";
      own.overlay.append(clip);
    }
    const [wide, high] = [map.x._length, map.y._length];
    put(clip, { x: map.x._offset - EDGE, y: map.y._offset - EDGE, w: wide + 2 * EDGE, h: high + 2 * EDGE });
    const [row, column, hover, chosen, value] = clip.children;
    const over = at && boxOf(map, at);
    const whole = { x: EDGE, y: EDGE, w: wide, h: high };
    put(row, over && { ...whole, y: over.y, h: over.h });
    put(column, at && map.rows === "cell" && at[1] !== null ? { ...whole, ...spanOf(map, "x", at[1]) } : null);
    put(hover, over && (at[1] !== null || map.rows !== "cell") ? grown(over, 0.5, 7) : null);
    put(chosen, cell && cell[1] !== null && cell[1] >= 0 ? grown(boxOf(map, cell), 1.5, 10) : null);
    mark(hover, pointedAt);
    mark(chosen, chosenAt);
    // the hovered figure has Plotly's own label
    const told = state.hovered !== figure && over && map.rows === "cell" ? valueAt(map, at, state.header.words) : null;
    value.hidden = told === null;
    if (told === null) return;
    value.textContent = told;
    value.style.left = `${Math.min(Math.max(over.x + over.w / 2, 24), wide - 20)}px`;
    value.style.top = `${over.y > 26 ? over.y - 24 : over.y + over.h + 6}px`;
  });
  if (state.focused?.key === own.key) refocus(state, figure);
}

/** The ends of a cell as a map counts its own rows and columns; null where it does not show one. */
function endsIn({ meta, own }, cell) {
  if (!own) return cell;
  const here = cell.map((end, i) => (end === null ? -1 : meta.words ? wordOf(meta, end) : end - meta.first[i]));
  return here.map((end, i) => (end >= 0 && end < own[i] ? end : null));
}

/** The word of a map of words that a token belongs to. */
const wordOf = ({ words }, token) => words.findLastIndex((start) => start <= token);

/** Where a map shows a cell [query, key], px from the clip's corner; null where it does not. */
function boxOf(map, [query, key]) {
  const row = map.rows === "key" ? key : query;
  if (row === null) return null;
  const across = map.rows === "cell" && key !== null ? spanOf(map, "x", key) : { x: EDGE, w: map.x._length };
  return { ...across, ...spanOf(map, "y", row) };
}

/** Where a row ("y") or a column ("x") of a map lies. */
function spanOf(map, name, index) {
  const [a, b] = [map[name].l2p(index - 0.5), map[name].l2p(index + 0.5)];
  return { [name]: Math.min(a, b) + EDGE, [name === "x" ? "w" : "h"]: Math.abs(b - a) };
}

/** The number a map of cells shows for [query, key], or null where it shows none. */
function valueAt({ trace, meta }, [query, key], words) {
  if (key === null) return null;
  const size = meta.size ?? 1;
  const place = (at, from) => Math.floor((at - (from ?? 0) + (size - 1) / 2) / size); // x0 and y0 are a cell's centre
  const value = trace.z[place(query, trace.y0)]?.[place(key, trace.x0)];
  if (value === undefined || value === null || Number.isNaN(value)) return null;
  const number = Number(value.toPrecision(4)).toString().replace("-", "−");
  return size > 1 ? `${words.strongest} ${number}` : number;
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
  const { size = 1 } = meta;
  const shown = size > 1 && Number.isFinite(point.customdata) ? point.customdata : 0; // which of the covered cells
  const first = (at) => Math.round(at - (size - 1) / 2);
  const [down, across] = meta.first ?? [0, 0];
  const at = [first(point.x) + (shown % size) + across, first(point.y) + Math.floor(shown / size) + down];
  if (Number.isNaN(at[1])) return null;
  const [x, y] = meta.words ? at.map((word) => meta.words[word]) : at;
  return { cell: [y, x], query: [y, null], key: [null, y] }[rowsOf(meta)];
}

function onClick(state, figure, event) {
  figure.focus({ preventScroll: true }); // so that arrow keys go on from the clicked cell
  const cell = cellOf(figure, event);
  if (!cell) return;
  if (event.event?.type.startsWith("touch")) point(state, null, null); // no finger will leave the cell
  choose(state, cell.map((end, i) => end ?? board.value?.[i ? "key" : "query"] ?? 0), 0);
}

function onHover(state, figure, event) {
  const cell = cellOf(figure, event);
  if (cell) point(state, cell, figure);
}

function point(state, cell, figure) {
  state.hovered = figure;
  board.point(cell && { query: cell[0], key: cell[1] });
}

function choose(state, cell, delay) {
  const { limits } = state.header;
  const [query, key] = cell.map((end, i) => Math.min(Math.max(end, 0), limits[i ? "key" : "query"] - 1));
  board.choose({ query, key }, delay);
}

function onKey(state, map, event) {
  const { rows, own, meta } = map ?? {};
  const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
  if (!step || !rows || event.ctrlKey || event.metaKey || event.altKey) return;
  if (rows !== "cell" && step[1]) return; // sideways is another component of the same vector
  event.preventDefault();
  const { query, key } = board.value ?? { query: 0, key: 0 };
  const from = meta?.words ? [query, key].map((token) => wordOf(meta, token)) : [query, key];
  const to = rows === "key" ? [from[0], from[1] + step[0]] : [from[0] + step[0], from[1] + step[1]];
  const first = meta?.first ?? [0, 0];
  const inside = own ? to.map((end, i) => Math.min(Math.max(end, first[i]), first[i] + own[i] - 1)) : to;
  choose(state, meta?.words ? inside.map((word) => meta.words[word]) : inside, KEYBOARD_REST);
  say(state, map);
}

/** The cell that the keys chose, for those who do not see its frame. */
function say(state, map) {
  const cell = board.value && endsIn(map, [board.value.query, board.value.key]);
  if (!cell) return;
  const [row, column] = cell.map((end, i) => nameOf(i && map.rows === "cell" ? map.x : map.y, end));
  const whole = () => `${row} → ${column} ${valueAt(map, cell, state.header.words) ?? ""}`.trim();
  state.says.textContent = { cell: whole, query: () => row, key: () => column }[map.rows]();
}

/** A token as the axis has it, with its number. */
function nameOf(axis, at) {
  const text = axis.ticktext?.[(axis.tickvals ?? []).indexOf(at)];
  const plain = text === undefined ? "" : new DOMParser().parseFromString(text, "text/html").body.textContent;
  return plain ? `“${plain}” (${at})` : `${at}`;
}
