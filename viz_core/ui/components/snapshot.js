// Plotly draws the picture from a copy of the figure's data and layout: the figure on the page stays as it is.

const SCALE = 2; // pixels of a PNG for each of the page
const EDGE = 16; // px around the figure
const KEPT = 10_000; // ms a browser may take to begin saving the file

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".snapshot");
  const says = root.querySelector("p");
  root.setAttribute("aria-label", data.words.label);
  for (const button of root.querySelectorAll("button")) {
    button.onclick = async () => {
      says.hidden = true;
      button.setAttribute("aria-busy", "true");
      try {
        save(await picture(data, button.dataset.format), `${data.name}.${button.dataset.format}`);
      } catch (error) {
        console.error(error);
        Object.assign(says, { textContent: data.words.failed, hidden: false });
      }
      button.removeAttribute("aria-busy");
    };
  }
}

/** A blob of the figure as the visitor sees it, zoom and all, on a background of its own. */
async function picture({ of, background }, format) {
  const place = `.st-key-${of.trim().replace(/[^a-zA-Z0-9_-]/g, "-")}`; // Streamlit's name
  const figure = [...document.querySelectorAll(`${place} .js-plotly-plot`)].find((one) => one.checkVisibility());
  const [width, height] = [figure.offsetWidth, figure.offsetHeight];
  const drawn = { data: figure.data, layout: { ...figure.layout, paper_bgcolor: background } };
  const uri = await window.Plotly.toImage(drawn, { format: "svg", width, height });
  const page = new DOMParser().parseFromString(decodeURIComponent(uri.slice(uri.indexOf(",") + 1)), "image/svg+xml");
  const svg = page.documentElement;
  frame(svg, background, width, height);
  const style = page.createElementNS(svg.namespaceURI, "style");
  style.textContent = await typeface(svg.textContent);
  svg.prepend(style);
  return format === "png" ? painted(svg, width, height) : written(svg);
}

/** A margin around it: Plotly draws to the edge. */
function frame(svg, background, width, height) {
  const [w, h] = [width, height].map((side) => side + 2 * EDGE);
  for (const [name, value] of Object.entries({ width: w, height: h, viewBox: `${-EDGE} ${-EDGE} ${w} ${h}` })) {
    svg.setAttribute(name, value);
  }
  const ground = svg.ownerDocument.createElementNS(svg.namespaceURI, "rect");
  const look = { x: -EDGE, y: -EDGE, width: w, height: h, fill: background };
  for (const [name, value] of Object.entries(look)) ground.setAttribute(name, value);
  svg.prepend(ground);
}

const written = (svg) => new Blob([new XMLSerializer().serializeToString(svg)], { type: "image/svg+xml" });

async function painted(svg, width, height) {
  const [w, h] = [width, height].map((side) => (side + 2 * EDGE) * SCALE);
  svg.setAttribute("width", w);
  svg.setAttribute("height", h);
  const image = Object.assign(new Image(), { src: URL.createObjectURL(written(svg)) });
  await image.decode();
  URL.revokeObjectURL(image.src);
  const canvas = new OffscreenCanvas(w, h);
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.convertToBlob();
}

/** CSS of the fonts that the page draws this text with: an image has those of the machine, and what it holds itself. */
async function typeface(text) {
  const letters = [...new Set(text)].map((letter) => letter.codePointAt(0));
  const drawing = [...document.fonts].filter((font) => font.status === "loaded" && reaches(font.unicodeRange, letters));
  const names = new Set(drawing.map(({ family, weight, unicodeRange }) => nameOf(family, weight, unicodeRange)));
  const rules = [...document.styleSheets]
    .flatMap((sheet) => [...sheet.cssRules])
    .filter((rule) => rule instanceof CSSFontFaceRule)
    .filter(({ style }) => names.has(nameOf(style.fontFamily, style.fontWeight, style.getPropertyValue("unicode-range"))));
  return (await Promise.all(rules.map(embedded))).join("\n");
}

const nameOf = (...said) => said.join("|").replace(/["'\s]/g, "").toLowerCase();

/** Whether a range as in “U+0-3FF, U+AC00-D7A3, U+4??” has one of the letters. */
function reaches(range, letters) {
  return range.split(",").some((part) => {
    const [first, last = first] = part.trim().slice(2).split("-");
    const [least, most] = [parseInt(first.replaceAll("?", "0"), 16), parseInt(last.replaceAll("?", "F"), 16)];
    return letters.some((letter) => least <= letter && letter <= most);
  });
}

async function embedded({ style, cssText }) {
  const [, address] = /url\(["']?([^"')]+)/.exec(style.getPropertyValue("src"));
  const file = await (await fetch(new URL(address, document.baseURI))).blob();
  const data = await new Promise((done, failed) => {
    const reader = Object.assign(new FileReader(), { onload: () => done(reader.result), onerror: failed });
    reader.readAsDataURL(file);
  });
  return cssText.replace(address, () => data);
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT);
}
