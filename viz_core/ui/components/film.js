// Every head at the moment the reel shows, and, while the visitor plays or slides, what the figures of the page show
// then: the map of the chosen head and the bars. When the visitor rests, Python draws them for good.

const NONE = 255;
const states = new WeakMap();

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".film");
  const { header, payload } = unpack(data);
  const [moments, layers, heads, side] = header.shape;
  const [rows, columns] = header.cells;
  let state = states.get(parentElement);
  if (!state) states.set(parentElement, (state = { at: 0 }));
  let at = moments * rows * columns * 4;
  const bytes = (n) => new Uint8Array(payload, (at += n) - n, n);
  Object.assign(state, {
    root, header,
    weights: new Float32Array(payload, 0, moments * rows * columns),
    allowed: bytes(side * side),
    marks: bytes(moments * layers * heads),
    tiles: bytes(moments * layers * heads * side * side),
  });
  root.setAttribute("aria-label", header.words.label);
  root.style.gridTemplateColumns = `repeat(${heads}, minmax(0, 1fr))`;
  if (root.children.length !== layers * heads || state.side !== side) {
    state.at = 0;
    root.replaceChildren(...Array.from({ length: layers * heads }, (_, index) => made(state, index)));
  }
  state.side = side;
  rove(state, state.at);
  state.deaf?.();
  const stops = [reel.listen(() => soon(state)), board.listen(() => choose(state))];
  const deaf = (state.deaf = () => stops.forEach((stop) => stop()));
  draw(state);
  return deaf;
}

function made(state, index) {
  const [, layers, heads, side] = state.header.shape;
  const [layer, head] = [Math.floor(index / heads), index % heads];
  const button = document.createElement("button");
  button.type = "button";
  button.className = "head";
  button.innerHTML = '<span class="tile"><canvas></canvas><span class="letter"></span></span><span class="name"><b></b><span></span></span>';
  button.querySelector("b").textContent = `L${layer}·H${head}`;
  Object.assign(button.querySelector("canvas"), { width: side, height: side });
  button.onclick = () => board.choose({ layer, head });
  button.onfocus = () => rove(state, index);
  button.onkeydown = (event) => {
    const to = placeAfter(event, index, layers, heads);
    if (to === null) return;
    event.preventDefault();
    state.root.children[to].focus();
  };
  return button;
}

/** One tile is in the tab order, that which had the focus last. */
function rove(state, index) {
  state.at = index;
  [...state.root.children].forEach((button, place) => (button.tabIndex = place === index ? 0 : -1));
}

/** Once a frame, however fast the slider moves. */
function soon(state) {
  state.frame ??= requestAnimationFrame(() => {
    state.frame = null;
    draw(state);
    if (reel.ahead) figures(state);
  });
}

function draw(state) {
  const { root, header, marks, allowed, tiles, side } = state;
  const { moment } = reel;
  if (moment === null) return; // the player has not said yet
  const theme = themeOf(root);
  const own = header.colours[theme.name];
  const tints = ramp(own.weights);
  root.style.setProperty("--not-allowed", hatched(own)); // seen through what is not painted
  [...root.children].forEach((button, index) => {
    const at = moment * root.children.length + index;
    const image = new ImageData(side, side);
    for (let cell = 0; cell < side * side; cell++) {
      if (allowed[cell]) image.data.set([...tints[tiles[at * side * side + cell]], 255], cell * 4);
    }
    button.querySelector("canvas").getContext("2d").putImageData(image, 0, 0);
    const role = marks[at] === NONE ? null : header.roles[marks[at]];
    const letter = button.querySelector(".letter");
    letter.textContent = role?.letter ?? "";
    if (role) {
      const colour = own.categories[marks[at]];
      letter.style.background = colour;
      letter.style.color = contrast(rgb(colour), [255, 255, 255]) >= 4.5 ? "#fff" : "#000";
    }
    const score = header.scores[moment][index];
    button.querySelector(".name span").textContent = score;
    const name = button.querySelector("b").textContent;
    button.setAttribute("aria-label", [name, role ? `${role.letter}: ${role.says} ${score}` : score].filter(Boolean).join(", "));
    button.title = role ? `${role.letter}: ${role.says}` : header.words.none;
  });
  root.dataset.moment = moment;
  choose(state);
}

function choose({ root, header }) {
  const { layer, head } = board.value ?? {};
  const chosen = layer * header.shape[2] + head;
  [...root.children].forEach((button, index) => button.setAttribute("aria-pressed", index === chosen));
}

/** The figures of the page at this moment; numbers are those Python would send. */
function figures({ header, weights }) {
  const { moment } = reel;
  const [rows, columns] = header.cells;
  const map = plotOf(header.map.key);
  if (map) {
    const row = (index) => weights.subarray((moment * rows + index) * columns, (moment * rows + index + 1) * columns);
    const z = Array.from({ length: rows }, (_, index) => row(index));
    window.Plotly.update(map, { z: [z] }, { "title.text": header.map.titles[moment] }, [map.data.length - 1]);
  }
  const bars = plotOf(header.bars.key);
  const { x, text, names } = header.bars.moments[moment];
  if (bars) window.Plotly.update(bars, { x: [x], text: [text] }, { "yaxis.ticktext": names }, [0]);
}
