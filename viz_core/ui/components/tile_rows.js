// The rows of the tile that the reel shows: what is kept of each, and its context so far. While the visitor plays or
// slides, the figure of the tiles moves along; when the visitor rests, Python draws it for good.

const states = new WeakMap();
const NUMBERS = 4; // largest, factor, sum, distance

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".rows");
  const { header, payload } = unpack(data);
  const { steps, shown, width, tokens } = header;
  let state = states.get(parentElement);
  if (!state) states.set(parentElement, (state = {}));
  const numbers = steps.length * shown * NUMBERS;
  const strips = numbers * 4;
  Object.assign(state, {
    root, header,
    numbers: new Float32Array(payload, 0, numbers),
    strips: new Uint8Array(payload, strips, steps.length * shown * width),
    ends: new Uint8Array(payload, strips + steps.length * shown * width, tokens.length * width),
  });
  root.querySelector("thead tr").replaceChildren(...header.words.columns.map((text) => made("th", text)));
  root.setAttribute("aria-label", header.words.label);
  state.deaf?.();
  const stops = [reel.listen(() => soon(state)), board.listen(() => choose(state))];
  const deaf = (state.deaf = () => stops.forEach((stop) => stop()));
  draw(state);
  return deaf;
}

function made(tag, text, className = "") {
  const node = document.createElement(tag);
  node.textContent = text;
  node.className = className;
  return node;
}

/** Once a frame, however fast the slider moves. */
function soon(state) {
  state.frame ??= requestAnimationFrame(() => {
    state.frame = null;
    draw(state);
    if (reel.ahead) move(state);
  });
}

function draw(state) {
  const { root, header, numbers, strips, ends } = state;
  const { steps, shown, width, tokens } = header;
  const step = steps[reel.moment];
  if (!step) return; // the player has not said yet, or speaks of another walk
  const theme = themeOf(root);
  const colours = ramp(header.colours[theme.name].signed);
  root.style.setProperty("--chosen", header.colours[theme.name].chosen);
  const [first, count] = step.shown;
  const rows = Array.from({ length: count }, (_, index) => {
    const at = reel.moment * shown + index;
    const [largest, factor, sum, distance] = numbers.subarray(at * NUMBERS, (at + 1) * NUMBERS);
    const row = document.createElement("tr");
    row.dataset.row = first + index;
    const strip = document.createElement("td");
    strip.append(
      line(strips.subarray(at * width, (at + 1) * width), colours),
      line(ends.subarray((first + index) * width, (first + index + 1) * width), colours),
    );
    const kind = factor > 0 && factor < 1 ? "down" : "still";
    row.append(
      made("th", tokens[first + index]),
      made("td", written(largest)),
      made("td", step.begins ? "–" : `× ${written(factor)}`, step.begins ? "still" : kind),
      made("td", written(sum)),
      made("td", written(distance)),
      strip,
    );
    return row;
  });
  root.querySelector("tbody").replaceChildren(...rows);
  root.dataset.moment = reel.moment;
  choose(state);
}

/** Four significant digits, as Python writes them. */
function written(value) {
  if (!Number.isFinite(value)) return value < 0 ? "−∞" : "–";
  if (value && Math.abs(value) < 0.0001) {
    const [mantissa, power] = value.toExponential(0).replace("-", "−").split("e");
    return `${mantissa}·10${[...power.replace("+", "")].map((digit) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(digit)]).join("")}`;
  }
  return String(Number(value.toPrecision(4))).replace("-", "−");
}

/** A vector as a strip of colours. */
function line(levels, colours) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: levels.length, height: 1 });
  const image = new ImageData(levels.length, 1);
  levels.forEach((level, index) => image.data.set([...colours[level], 255], index * 4));
  canvas.getContext("2d").putImageData(image, 0, 0);
  canvas.setAttribute("aria-hidden", "true");
  return canvas;
}

function choose({ root }) {
  const row = board.value?.query;
  root.querySelectorAll("tbody tr").forEach((one) => one.classList.toggle("chosen", Number(one.dataset.row) === row));
}

/** The frame and the veils of the map, as Python will draw them. */
function move({ header }) {
  const plot = plotOf(header.map);
  const [top, bottom, left, right] = header.steps[reel.moment].tile;
  const corners = (shape, x0, x1, y0, y1) =>
    Object.fromEntries(Object.entries({ x0, x1, y0, y1 }).map(([side, value]) => [`shapes[${shape}].${side}`, value - 0.5]));
  if ((plot?.layout.shapes?.length ?? 0) < 3) return;
  const [rows, columns] = header.cells;
  window.Plotly.relayout(plot, {
    ...corners(0, right, columns, top, bottom),
    ...corners(1, 0, columns, bottom, rows),
    ...corners(2, left, right, top, bottom),
  });
}
