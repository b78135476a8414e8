// Shared by the components; Python puts this text in front of each one's own.

/** [u32 length][JSON header][payload] → both; the payload is copied, so that typed arrays find it aligned. */
function unpack(data) {
  const length = new DataView(data.buffer, data.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(data.subarray(4, 4 + length)));
  return { header, payload: data.slice(4 + length).buffer };
}

/** Any CSS colour → [r, g, b], 0 to 255. */
function rgb(colour) {
  const pen = (rgb.pen ??= new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true }));
  pen.clearRect(0, 0, 1, 1);
  pen.fillStyle = colour;
  pen.fillRect(0, 0, 1, 1);
  return [...pen.getImageData(0, 0, 1, 1).data.slice(0, 3)];
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
    scale: (parseFloat(get("base-font-size", "16px")) || 16) / 16,
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

/** What is chosen. Runs ahead of Python; Python's word counts once it has answered the last choice sent. */
class Choice {
  constructor(answered) {
    this.sent = answered;
    this.timer = 0;
    this.value = null;
  }
  hear(header) {
    if (!this.timer && header.answered >= this.sent) this.value = header.choice;
  }
  /** Chosen here; Python is told after `delay` ms without another choice. */
  make(value, setTriggerValue, delay) {
    if (String(value) === String(this.value)) return false;
    this.value = value;
    clearTimeout(this.timer);
    const tell = () => {
      this.timer = 0;
      this.sent += 1;
      setTriggerValue("choice", { value, number: this.sent });
    };
    if (delay) this.timer = setTimeout(tell, delay);
    else tell();
    return true;
  }
}

const KEYBOARD_REST = 120; // ms without another key before Python is told
