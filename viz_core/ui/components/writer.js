// All rows of the map are here from the start: going from step to step is the browser's own, and Python is told once
// the visitor rests. The bars beside it are a figure of the page, which turns along.

const PLAY = "M8 5v14l11-7z";
const PAUSE = "M6 5h4v14H6zm8 0h4v14h-4z";
const PACE_OF_WORDS = 1100; // ms a token
const REST = 250; // ms without moving before Python is told
const LEAST = 0.02; // weights below are not drawn as lines
const NOTED = 0.1; // from here a weight is written under its token, at most MOST_NOTED of them
const MOST_NOTED = 3;
const MOST_TOGETHER = 16; // letters of a word that stays on one line
const NOTE = 80; // px that the longest note takes
const [LARGEST, SMALLEST] = [32, 20]; // px of type

const states = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const { header, payload } = unpack(data);
  const root = parentElement.querySelector(".writer");
  let state = states.get(parentElement);
  if (!state) {
    states.set(parentElement, (state = {}));
  }
  const find = (name) => root.querySelector(`.${name}`);
  Object.assign(state, {
    root, header,
    weights: new Float32Array(payload, 0, header.source.length * header.written.length),
    page: find("page"), lines: find("lines"), says: find("says"), slider: root.querySelector("input"),
    buttons: { previous: find("previous"), play: find("play"), next: find("next") },
  });
  const text = JSON.stringify([header.source, header.written]);
  if (state.text !== text || state.textIn !== find("source")) {
    Object.assign(state, { text, textIn: find("source") });
    reel.stop(); // what was playing was another text
    const words = header.words;
    const source = typed(find("source"), header.source, "span");
    const written = typed(find("written"), [words.start, ...header.written], "button");
    Object.assign(state, { source, start: written[0], written: written.slice(1) });
    state.start.disabled = true;
    state.written.forEach((token, step) => (token.onclick = () => stopAt(step)));
  }
  [...root.querySelectorAll(".name")].forEach((node, index) => (node.textContent = header.names[index]));
  root.setAttribute("aria-label", header.words.label);
  const { slider, buttons } = state;
  slider.max = header.written.length - 1;
  slider.setAttribute("aria-label", header.words.slider);
  slider.oninput = () => stopAt(Number(slider.value), REST);
  buttons.previous.onclick = () => stopAt(reel.moment - 1, REST);
  buttons.next.onclick = () => stopAt(reel.moment + 1, REST);
  buttons.play.onclick = () => (reel.playing ? stopAt(reel.moment) : reel.play(() => root.isConnected));
  buttons.play.hidden = matchMedia("(prefers-reduced-motion: reduce)").matches;
  for (const name of ["previous", "next"]) {
    buttons[name].setAttribute("aria-label", (buttons[name].title = header.words[name]));
  }
  state.deaf?.();
  state.deaf = reel.listen(() => soon(state));
  reel.hear({ ...header.heard, moment: header.step, count: header.written.length, pace: PACE_OF_WORDS }, (told) => setTriggerValue("moment", told));
  const still = onResize(state, state.page, () => show(state));
  const enough = onLetters(state, () => {
    state.fitted = null;
    show(state);
  });
  show(state);
  return atEnd(state, () => {
    still();
    enough();
    state.deaf();
    reel.stop();
  });
}

function stopAt(step, rest = 0) {
  reel.stop();
  reel.go(step, rest);
}

const signs = /^\[.+\]$/; // [start], [end]

/** Writes tokens as real text, those of one word on one line; returns their elements. */
function typed(place, labels, tag) {
  place.replaceChildren();
  let word = null;
  return labels.map((label, index) => {
    const spaced = label.startsWith("·");
    if (!word || spaced || signs.test(label) || signs.test(word.textContent)) {
      if (word) place.append(" ");
      word = document.createElement("span");
      word.className = "word";
      place.append(word);
    }
    const token = document.createElement(tag);
    if (tag === "button") token.type = "button";
    token.className = signs.test(label) ? "token sign" : "token";
    token.textContent = spaced && label.length > 1 ? label.slice(1) : label;
    token.dir = "auto";
    token.dataset.token = index;
    word.append(token);
    word.classList.toggle("endless", word.textContent.length > MOST_TOGETHER);
    return token;
  });
}

/** Once a frame, however fast the slider moves. */
function soon(state) {
  state.frame ??= requestAnimationFrame(() => {
    state.frame = null;
    show(state);
    if (reel.ahead) turn(state.header.bars);
  });
}

function show(state) {
  const { root, header, source, start, written, says, slider, buttons, page } = state;
  const { words } = header;
  const step = reel.moment;
  if (step === null || step >= written.length || !page.clientWidth) return; // the player has not said yet
  const theme = themeOf(root);
  const own = header.colours[theme.name];
  const tints = ramp(own.weights);
  root.style.setProperty("--query", own.query);
  fit(state, theme);

  const row = [...state.weights.subarray(step * source.length, (step + 1) * source.length)];
  const order = row.map((_weight, index) => index).sort((a, b) => row[b] - row[a]);
  const noted = new Set(order.slice(0, MOST_NOTED).filter((index, place) => !place || row[index] >= NOTED));
  source.forEach((token, index) => {
    const depth = Math.round(255 * Math.sqrt(row[index])); // √, as in the small maps: a few percent are still seen
    token.style.background = `rgb(${tints[depth]})`;
    token.style.color = legible(tints[depth], rgb(theme.text), theme.text);
    token.dataset.note = noted.has(index) ? percent(row[index]) : "";
    token.title = words.looks.replace("{weight}", row[index].toPrecision(3));
  });
  const before = step ? written[step - 1] : start;
  for (const [index, token] of [start, ...written].entries()) {
    const [now, input] = [index - 1 === step, token === before];
    token.classList.toggle("now", now);
    token.classList.toggle("input", input);
    token.classList.toggle("later", index - 1 > step);
    token.dataset.note = now ? words.out : input ? words.in : "";
    if (now) token.setAttribute("aria-current", "step");
    else token.removeAttribute("aria-current");
  }
  // the two notes stand away from each other; where the second has no room at the right, the first goes
  const [edge, here] = [page.getBoundingClientRect().right, written[step].getBoundingClientRect()];
  const turned = here.left + NOTE > edge;
  written[step].classList.toggle("turned", turned);
  if (turned) before.dataset.note = "";
  lines(state, row, order, tints);
  slider.value = step;
  says.setAttribute("aria-live", reel.playing ? "off" : "polite");
  if (says.textContent !== header.says[step]) says.textContent = header.says[step];
  slider.setAttribute("aria-valuetext", header.says[step]);
  root.querySelector("output").textContent = words.of.replace("{step}", step + 1).replace("{all}", written.length);
  buttons.previous.disabled = step === 0;
  buttons.next.disabled = step === written.length - 1;
  buttons.play.querySelector("path").setAttribute("d", reel.playing ? PAUSE : PLAY);
  buttons.play.setAttribute("aria-label", (buttons.play.title = reel.playing ? words.pause : words.play));
  Object.assign(root.dataset, { step, playing: Boolean(reel.playing) });
}

/** The largest type in which each text is one line, or the smallest that is still large. */
function fit(state, theme) {
  const { root, page, text, source, start, written } = state;
  const fitted = [text, page.clientWidth, theme.font, theme.scale].join();
  if (state.fitted === fitted) return;
  state.fitted = fitted;
  const top = (token) => token.getBoundingClientRect().bottom;
  const one = (first, last) => Math.abs(top(first) - top(last)) < 12;
  for (let size = LARGEST; size >= SMALLEST; size--) {
    root.style.setProperty("--size", `${Math.round(size * theme.scale)}px`);
    if (one(source[0], source.at(-1)) && one(start, written.at(-1))) return;
  }
}

const percent = (share) => `${Math.round(share * 100)}\u202f%`;

/** From the token being written up to those it looks at. */
function lines({ lines, page, source, written }, row, order, tints) {
  const origin = page.getBoundingClientRect();
  const spot = (token, edge) => {
    const box = token.getBoundingClientRect();
    return [box.left - origin.left + box.width / 2, box[edge] - origin.top];
  };
  const [x, y] = spot(written[reel.moment], "top");
  const drawn = order.filter((index) => row[index] >= LEAST).map((index) => {
    const [u, v] = spot(source[index], "bottom");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    const bend = Math.max(18, (y - v) / 2);
    path.setAttribute("d", `M${x},${y - 3} C${x},${y - bend} ${u},${v + bend} ${u},${v}`);
    path.setAttribute("stroke", `rgb(${tints[Math.round(70 + 150 * row[index])]})`);
    path.setAttribute("stroke-width", 1.5 + 6 * row[index]);
    return path;
  });
  lines.replaceChildren(...drawn.reverse()); // the strongest on top
}

/** The bars of this step, as Python would send them. */
function turn({ key, steps }) {
  const plot = plotOf(key);
  const { x, text, names } = steps[reel.moment];
  if (plot) window.Plotly.update(plot, { x: [x], text: [text] }, { "yaxis.ticktext": names }, [0]);
}
