// The bar a visitor plays a course by: its moments evenly spaced, whatever lies between them.

const PLAY = "M8 5v14l11-7z";
const PAUSE = "M6 5h4v14H6zm8 0h4v14h-4z";
const NEXT = "M6 5v14l9-7zm10 0h3v14h-3z";
const REST = 250; // ms without moving before Python is told

const states = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".player");
  let state = states.get(parentElement);
  if (!state) states.set(parentElement, (state = {}));
  const [buttons, track, says] = root.children;
  const [back, button, on] = buttons.children;
  const [slider, ticks] = track.children;
  Object.assign(state, { data, root, button, slider, ticks, says });
  root.setAttribute("aria-label", data.words.label);
  slider.max = data.names.length - 1;
  slider.setAttribute("aria-label", data.words.slider);
  slider.oninput = () => {
    const to = Number(slider.value); // before stopping shows the moment it stops at
    reel.stop();
    reel.go(to, REST);
  };
  button.onclick = () => press();
  for (const [one, step, label] of [[back, -1, data.words.back], [on, 1, data.words.next]]) {
    one.hidden = !data.steps;
    one.setAttribute("aria-label", label);
    one.title = label;
    one.onclick = () => {
      reel.stop();
      reel.go(reel.moment + step, REST);
    };
  }
  ticks.replaceChildren(...data.names.map((name, index) => tick(data, name, index)));
  state.deaf?.();
  const deaf = (state.deaf = reel.listen(() => show(state)));
  reel.hear({ ...data.heard, moment: data.moment, count: data.names.length, pace: data.pace }, (told) => setTriggerValue("moment", told));
  show(state);

  function press() {
    if (reel.playing) {
      reel.stop();
      reel.go(reel.moment, 0);
    } else if (still()) reel.go((reel.moment + 1) % reel.count, REST);
    else reel.play(() => root.isConnected);
  }
  return deaf;
}

/** A visitor who asked for less movement goes on by one moment a press. */
const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

function tick({ names, event }, name, index) {
  const made = document.createElement("span");
  made.className = index === event ? "tick event" : "tick";
  made.textContent = name;
  made.style.left = `calc(var(--thumb) / 2 + (100% - var(--thumb)) * ${index / Math.max(1, names.length - 1)})`;
  made.onclick = () => {
    reel.stop();
    reel.go(index, 0);
  };
  return made;
}

function show({ data, root, button, slider, ticks, says }) {
  const { moment } = reel;
  slider.value = moment;
  slider.setAttribute("aria-valuetext", data.says[moment]);
  says.textContent = data.says[moment];
  [...ticks.children].forEach((one, index) => one.classList.toggle("now", index === moment));
  const [path, label] = reel.playing ? [PAUSE, data.words.pause] : still() ? [NEXT, data.words.next] : [PLAY, data.words.play];
  button.querySelector("path").setAttribute("d", path);
  button.setAttribute("aria-label", label);
  button.title = label;
  Object.assign(root.dataset, { moment, playing: Boolean(reel.playing) });
  if (!reel.ahead) return; // Python has drawn the figures for this moment, or is about to
  const at = data.places[moment];
  for (const key of data.curves) {
    const plot = plotOf(key);
    if (plot?.layout.shapes?.length) window.Plotly.relayout(plot, { "shapes[0].x0": at, "shapes[0].x1": at });
  }
}
