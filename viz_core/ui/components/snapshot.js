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
  const uri = await window.Plotly.toImage(drawn, { format, scale: format === "png" ? SCALE : 1, width, height });
  return format === "png" ? framed(uri, background) : enlarged(uri, background, width, height);
}

/** A margin around it: Plotly draws to the edge. */
async function framed(uri, background) {
  const image = Object.assign(new Image(), { src: uri });
  await image.decode();
  const edge = EDGE * SCALE;
  const canvas = new OffscreenCanvas(image.width + 2 * edge, image.height + 2 * edge);
  const pen = canvas.getContext("2d");
  pen.fillStyle = background;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(image, edge, edge);
  return canvas.convertToBlob();
}

function enlarged(uri, background, width, height) {
  const page = new DOMParser().parseFromString(decodeURIComponent(uri.slice(uri.indexOf(",") + 1)), "image/svg+xml");
  const [svg, [w, h]] = [page.documentElement, [width, height].map((side) => side + 2 * EDGE)];
  for (const [name, value] of Object.entries({ width: w, height: h, viewBox: `${-EDGE} ${-EDGE} ${w} ${h}` })) {
    svg.setAttribute(name, value);
  }
  const ground = page.createElementNS(svg.namespaceURI, "rect");
  const look = { x: -EDGE, y: -EDGE, width: w, height: h, fill: background };
  for (const [name, value] of Object.entries(look)) ground.setAttribute(name, value);
  svg.prepend(ground);
  return new Blob([new XMLSerializer().serializeToString(page)], { type: "image/svg+xml" });
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT);
}
