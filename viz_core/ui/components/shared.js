// Shared by the components; Python puts this text in front of each one's own.

/** [u32 length][JSON header][payload] → both; the payload is copied, so that typed arrays find it aligned. */
function unpack(data) {
  const length = new DataView(data.buffer, data.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(data.subarray(4, 4 + length)));
  return { header, payload: data.slice(4 + length).buffer };
}

/** Any CSS colour → [r, g, b], 0 to 255. */
function rgb(colour) {
  const known = (rgb.known ??= new Map());
  if (known.has(colour)) return known.get(colour);
  const pen = (rgb.pen ??= new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true }));
  pen.clearRect(0, 0, 1, 1);
  pen.fillStyle = colour;
  pen.fillRect(0, 0, 1, 1);
  const channels = [...pen.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  known.set(colour, channels);
  return channels;
}

/** WCAG relative luminance and contrast. */
function luminance(channels) {
  const [r, g, b] = channels.map((c) => ((c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

/** The text's own colour where it can be read (4.5 : 1), else black or white; one of the two always can. */
function legible(tint, text, colour) {
  if (contrast(tint, text) >= 4.5) return colour;
  return luminance(tint) > 0.18 ? "#000" : "#fff";
}

/** The page's theme as Streamlit's variables tell it at this moment. */
function themeOf(element) {
  const style = getComputedStyle(element);
  const get = (name, otherwise) => style.getPropertyValue(`--st-${name}`).trim() || otherwise;
  const background = get("background-color", "#ffffff");
  return {
    name: luminance(rgb(background)) < 0.2 ? "dark" : "light",
    background,
    text: get("text-color", "#31333f"),
    primary: get("primary-color", "#ff4b4b"),
    font: get("font", "sans-serif"),
    // a projector's pages are larger (viz_core/ui/presenting)
    scale: ((parseFloat(get("base-font-size", "16px")) || 16) / 16) * (parseFloat(style.getPropertyValue("--type")) || 1),
  };
}

/** Hex stops from 0 to 1 → 256 colours [r, g, b]. */
function ramp(stops) {
  const colours = stops.map(rgb);
  const last = colours.length - 1;
  return Array.from({ length: 256 }, (_, i) => {
    const at = (i / 255) * last;
    const from = Math.min(Math.floor(at), Math.max(last - 1, 0));
    const [a, b] = [colours[from], colours[Math.min(from + 1, last)]];
    return a.map((value, c) => Math.round(value + (b[c] - value) * (at - from)));
  });
}

const HATCH = [6, 1]; // px from line to line, and of a line, on what is not allowed

/** What is not allowed, as a background of CSS. */
function hatched({ notAllowed, hatch }) {
  const [pitch, line] = HATCH;
  return `repeating-linear-gradient(45deg, ${hatch} 0 ${line}px, ${notAllowed} ${line}px ${pitch * Math.SQRT1_2}px)`;
}

/** Whether a device pixel is of a line of the hatching. */
function onHatch(x, y, dpr) {
  const pitch = Math.round(HATCH[0] * dpr);
  return (((x - y) % pitch) + pitch) % pitch < Math.max(1, Math.round(HATCH[1] * dpr));
}

const UNANSWERED = 1500; // ms between two looks at whether a choice was answered; a busy server needs a while to begin
const TRIES = 3; // of telling it again

/** What is chosen and what is pointed at, one for the whole page: components paint it and change it, the bridge tells
 *  Python. It runs ahead of Python: a click moves every frame at once, and Python's word counts once it has answered
 *  the last choice sent. A choice is sent whole, so that of many in a row the last one alone is enough. */
class Board {
  constructor() {
    Object.assign(this, { value: null, sent: 0, answered: 0, session: null, timer: 0, tell: null, hover: null, role: null });
    this.direction = "from"; // whether drawings of lines show what a token looks at, or ("to") who looks at it
    this.listeners = new Set();
  }

  /** What Python says (choice.js), and how to tell it. */
  hear({ session, answered, choice, role }, tell) {
    // a new session (the page was reconnected to a server that had forgotten it) counts anew, unless it is still to
    // hear of a choice
    if (session !== this.session && this.sent <= this.answered) this.sent = answered;
    Object.assign(this, { session, tell, answered });
    const news = !this.timer && answered >= this.sent ? choice : this.value;
    const changed = JSON.stringify([news, role]) !== JSON.stringify([this.value, this.role]);
    Object.assign(this, { value: news, role });
    if (changed) this.say();
  }

  /** Change some of {layer, head, query, key}; Python is told after `delay` ms without another choice.
   *  A key of −1 is the column that the row looks at most: Python knows it. */
  choose(change, delay = 0) {
    const value = { ...this.value, ...change };
    if (!this.value || JSON.stringify(value) === JSON.stringify(this.value)) return;
    this.value = value;
    clearTimeout(this.timer);
    if (delay) this.timer = setTimeout(() => this.send(), delay);
    else this.send();
    this.say();
  }

  send() {
    this.timer = 0;
    this.sent += 1;
    this.tell({ number: this.sent, value: this.value });
    this.watch(TRIES);
  }

  /** Tells Python again of a choice that is not answered although the page has been at rest for a while: the connection
   *  was lost, or the server was started anew and did not know the page yet. */
  watch(tries, rested = false) {
    clearTimeout(this.watching);
    this.watching = setTimeout(() => {
      if (this.answered >= this.sent || this.timer || !tries) return;
      const { testConnectionState, testScriptState } = document.querySelector("[data-testid=stApp]").dataset;
      const rests = testConnectionState === "CONNECTED" && testScriptState === "notRunning";
      const again = rests && rested;
      if (again) this.tell({ number: this.sent, value: this.value });
      this.watch(again ? tries - 1 : tries, rests && !again);
    }, UNANSWERED);
  }

  /** Point at a row, at a column, or at a cell of both, {query, key}; null: at nothing. Python never hears of it. */
  point(hover) {
    if (JSON.stringify(hover) === JSON.stringify(this.hover)) return;
    this.hover = hover;
    this.say();
  }

  turn(direction) {
    if (direction === this.direction) return;
    this.direction = direction;
    this.say();
  }

  /** Call `listener` after every change; returns how to stop. */
  listen(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  say() {
    for (const listener of this.listeners) listener();
  }
}

/** What a component returns for Streamlit to call at its end. Of data that changed before the module had come, Streamlit
 *  calls it too, perhaps after the run with the new data: then it must leave that one alone. */
function atEnd(state, end) {
  const run = (state.run = {});
  return () => {
    if (state.run === run) end();
  };
}

/** Call `draw` whenever the size of `node` changes; the observer outlives runs, not the node. Returns how to end it. */
function onResize(state, node, draw) {
  if (state.observed !== node) {
    state.observer?.disconnect();
    state.observer = new ResizeObserver(draw);
    state.observer.observe(node);
    state.observed = node;
  }
  return () => {
    state.observer.disconnect();
    state.observed = null;
  };
}

/** Call `draw` whenever letters of the typeface arrive: they are asked for by what first needs them. Returns how to end
 *  it. */
function onLetters(state, draw) {
  document.fonts.removeEventListener("loadingdone", state.lettered);
  document.fonts.addEventListener("loadingdone", (state.lettered = draw));
  return () => document.fonts.removeEventListener("loadingdone", state.lettered);
}

/** Where an arrow key, Home or End leads in a table of so many rows and columns, counted row by row; null for other
 *  keys; past an edge it stays. */
function placeAfter(event, place, rows, columns) {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  const [row, column] = [Math.floor(place / columns), place % columns];
  const to = {
    ArrowUp: [row - 1, column], ArrowDown: [row + 1, column],
    ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
    Home: [row, 0], End: [row, columns - 1],
  }[event.key];
  if (!to) return null;
  const inside = to[0] >= 0 && to[1] >= 0 && to[0] < rows && to[1] < columns;
  return inside ? to[0] * columns + to[1] : place;
}

const board = (window.attentionBoard ??= new Board());
if (!board.tell && window.attentionNews) board.hear(...window.attentionNews);
const KEYBOARD_REST = 120; // ms without another key before Python is told
