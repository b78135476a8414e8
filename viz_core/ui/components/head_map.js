// A table of buttons, one a head. It runs ahead of Python as the board does: a click strikes a head at once, and Python's
// word counts once it has answered the last one sent.

const [SMALLEST, LARGEST] = [22, 66]; // px, a cell's edge
const MOST_HIGH = 430; // px the whole table should fit, until cells would be too small
const ROOM = 34; // px from which a value is written
const NONE = 255;

const states = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const { header, payload } = unpack(data);
  const root = parentElement.querySelector(".head-map");
  let state = states.get(parentElement);
  if (!state) {
    state = { sent: 0, session: null, at: 0 };
    states.set(parentElement, state);
  }
  const [layers, heads] = header.shape;
  Object.assign(state, {
    root, header, setTriggerValue,
    table: root.querySelector(".table"),
    tip: root.querySelector(".tip"),
    values: new Float32Array(payload, 0, layers * heads),
    marks: new Uint8Array(payload, 4 * layers * heads, layers * heads),
  });
  if (state.session !== header.session) Object.assign(state, { session: header.session, sent: header.answered });
  if (header.answered >= state.sent) state.off = new Set(header.off);
  state.deaf?.();
  state.deaf = board.listen(() => frame(state));
  const built = [header.shape, header.switches, header.names].join();
  if (state.built !== built || state.builtIn !== state.table) {
    Object.assign(state, { built, builtIn: state.table, at: 0 });
    build(state);
  }
  const still = onResize(state, root, () => size(state));
  state.table.setAttribute("aria-label", header.words.label);
  paint(state);
  size(state);
  return atEnd(state, () => {
    still();
    state.deaf();
  });
}

const name = (heads, place) => `L${Math.floor(place / heads)}·H${place % heads}`;

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  Object.assign(made, { className, textContent: text });
  if (tag === "button") made.type = "button";
  return made;
}

function build(state) {
  const { table, header } = state;
  const [layers, heads] = header.shape;
  const line = (...cells) => {
    const made = element("div", "line");
    if (!header.switches) made.setAttribute("role", "row");
    made.append(...cells);
    return made;
  };
  const named = (role, className, text) => {
    const made = element("span", className, text);
    if (!header.switches) made.setAttribute("role", role);
    return made;
  };
  const across = Array.from({ length: heads }, (_, head) => named("columnheader", "name across", `${header.names[1]}${head}`));
  state.cells = [];
  const lines = Array.from({ length: layers }, (_, layer) => {
    const first = header.switches
      ? element("button", "name", `L${layer}`)
      : named("rowheader", "name", `${header.names[0]}${layer}`);
    if (header.switches) first.onclick = () => switchLayer(state, layer);
    state.names = layer ? [...state.names, first] : [first];
    return line(first, ...Array.from({ length: heads }, (_, head) => cell(state, layer * heads + head)));
  });
  table.setAttribute("role", header.switches ? "group" : "grid");
  table.replaceChildren(line(named("gridcell", "name", ""), ...across), ...lines);
  table.style.setProperty("--heads", heads);
}

function cell(state, place) {
  const { header } = state;
  const made = element("button", "head");
  made.append(element("span", ""), element("b", ""));
  made.setAttribute("role", header.switches ? "switch" : "gridcell");
  made.dataset.head = name(header.shape[1], place);
  made.onclick = () => act(state, place);
  made.onkeydown = (event) => onKey(state, place, event);
  made.onfocus = () => rest(state, place);
  made.onpointerenter = (event) => event.pointerType === "mouse" && tell(state, place);
  made.onpointerleave = () => hide(state);
  state.cells.push(made);
  return made;
}

// -- painting ----------------------------------------------------------------------------------------

function paint(state) {
  const { root, header, cells, values, marks, off } = state;
  const theme = themeOf(root);
  const own = header.colours[theme.name];
  const stops = header.ramps[theme.name];
  const colours = ramp(stops);
  const text = rgb(theme.text);
  root.style.setProperty("--away", own.notAllowed);
  root.style.setProperty("--ramp", `linear-gradient(to right, ${stops})`);
  cells.forEach((made, place) => {
    const value = values[place];
    const share = Math.min(Math.abs(value) / header.limit, 1);
    const mark = marks[place];
    const hue = mark === NONE ? rgb(own.notAllowed) : rgb(own.categories[mark]);
    const ground = rgb(theme.background);
    const tint = Number.isNaN(value)
      ? ground
      : header.tinted
        ? hue.map((channel, i) => Math.round(ground[i] + (channel - ground[i]) * (mark === NONE ? 0 : 0.15 + 0.85 * share)))
        : colours[Math.round(255 * (header.signed ? 0.5 + 0.5 * share * Math.sign(value) : share))];
    made.style.setProperty("--tint", `rgb(${tint})`);
    made.style.setProperty("--ink", legible(tint, text, theme.text));
    const [number, letter] = made.children;
    number.textContent = header.written && !Number.isNaN(value) ? short(value) : "";
    letter.textContent = mark === NONE ? "" : header.letters[mark];
    letter.style.setProperty("--role", mark === NONE ? "transparent" : `rgb(${hue})`);
    letter.style.background = mark === NONE || header.tinted ? "none" : `rgb(${hue})`;
    letter.style.color = header.tinted ? "inherit" : contrast(hue, [255, 255, 255]) >= 4.5 ? "#fff" : "#000";
    made.setAttribute("aria-label", header.says[place].replaceAll("\n", ", "));
    made.classList.toggle("off", off.has(place));
    if (header.switches) made.setAttribute("aria-checked", !off.has(place));
    made.tabIndex = place === state.at ? 0 : -1;
  });
  if (header.switches) {
    state.names.forEach((named, layer) =>
      named.setAttribute("aria-label", header.words.layer.replace("{layer}", layer)));
  }
  const scale = root.querySelector(".scale");
  scale.hidden = !header.unit || header.tinted;
  scale.querySelector(".low").textContent = header.signed ? short(-header.limit) : "0";
  scale.querySelector(".high").textContent = short(header.limit);
  scale.querySelector(".unit").textContent = header.unit;
  root.dataset.off = [...off].sort((a, b) => a - b).map((place) => name(header.shape[1], place)).join(" ");
  frame(state);
}

/** Two significant digits are what fits. */
function short(value) {
  const size = Math.abs(value);
  const text = size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : value.toFixed(2);
  return (Number(text) === 0 ? "0" : text).replace("-", "−");
}

function size(state) {
  const { root, table, header } = state;
  if (!root.clientWidth) return; // in a tab that is not shown; the observer calls again
  const [layers, heads] = header.shape;
  const names = table.querySelector(".name:not(.across)").parentElement.nextSibling?.firstChild.offsetWidth || 34;
  const gap = heads > 16 ? 2 : 4;
  const wide = (root.clientWidth - names - gap * heads - 8) / heads;
  const side = Math.floor(Math.max(SMALLEST, Math.min(LARGEST, wide, MOST_HIGH / layers)));
  table.style.setProperty("--gap", `${gap}px`);
  table.style.setProperty("--side", `${side}px`);
  table.style.setProperty("--type", `${side >= 50 ? 14 : side >= 40 ? 12 : 11}px`);
  root.classList.toggle("small", side < ROOM || !header.written);
  for (const made of state.cells) made.firstChild.hidden = side < ROOM;
}

/** The chosen head, where a click chooses; switches do not choose. */
function frame({ header, cells }) {
  const { layer, head } = board.value ?? {};
  const chosen = header.switches ? -1 : layer * header.shape[1] + head;
  cells.forEach((made, place) => {
    made.classList.toggle("chosen", place === chosen);
    if (!header.switches) made.setAttribute("aria-selected", place === chosen);
  });
}

// -- what the visitor does ---------------------------------------------------------------------------

function act(state, place) {
  const { header, off } = state;
  const heads = header.shape[1];
  hide(state);
  if (!header.switches) {
    board.choose({ layer: Math.floor(place / heads), head: place % heads, key: -1 });
    return;
  }
  if (!off.delete(place)) off.add(place);
  send(state);
}

/** All heads of a layer off, or, where they are, on again. */
function switchLayer(state, layer) {
  const heads = state.header.shape[1];
  const places = Array.from({ length: heads }, (_, head) => layer * heads + head);
  const away = places.every((place) => state.off.has(place));
  for (const place of places) away ? state.off.delete(place) : state.off.add(place);
  send(state);
}

function send(state) {
  state.sent += 1;
  state.setTriggerValue("switched", { number: state.sent, off: [...state.off] });
  paint(state);
}

function rest(state, place) {
  state.cells[state.at].tabIndex = -1;
  state.at = place;
  state.cells[place].tabIndex = 0;
}

function onKey(state, place, event) {
  const to = placeAfter(event, place, ...state.header.shape);
  if (to === null) return;
  event.preventDefault();
  state.cells[to].focus();
}

function tell(state, place) {
  const { tip, header, off, cells } = state;
  tip.textContent = header.says[place] + (off.has(place) ? `\n${header.words.off}` : "");
  if (!tip.matches(":popover-open")) tip.showPopover();
  const [over, box] = [cells[place].getBoundingClientRect(), tip.getBoundingClientRect()];
  const right = over.right + 10;
  const beside = right + box.width < window.innerWidth ? right : over.left - box.width - 10;
  tip.style.left = `${Math.max(4, beside)}px`;
  tip.style.top = `${Math.max(4, over.top + over.height / 2 - box.height / 2)}px`;
}

function hide({ tip }) {
  if (tip.matches(":popover-open")) tip.hidePopover();
}
