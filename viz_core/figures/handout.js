// Runs in the hand-out, which asks no network for anything: Plotly and every figure are in the page, packed.

const packed = (id) => document.getElementById(id).textContent;
const plots = [...document.querySelectorAll(".plot")];
const progress = document.getElementById("progress");

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

/** As wide as the page; a map of square cells is then lower on a narrow one: what is under it comes up to it. */
function fit(plot) {
  const { layout, full } = plot;
  if (!full) return Promise.resolve();
  Plotly.relayout(plot, { width: plot.clientWidth, height: full });
  if (layout.yaxis?.scaleanchor !== "x") return Promise.resolve();
  const { yaxis, _size } = plot._fullLayout;
  return Plotly.relayout(plot, { height: full - Math.round(_size.h * yaxis.domain[0]) });
}

async function draw(plot, config) {
  const { data, layout } = JSON.parse(await unpacked(plot.querySelector("script").textContent));
  plot.replaceChildren();
  await Plotly.newPlot(plot, data, { ...layout, width: plot.clientWidth }, config);
  plot.full = plot._fullLayout.height;
  await fit(plot);
}

/** Resolves when every figure is drawn. */
async function drawAll() {
  try {
    const script = document.createElement("script");
    script.textContent = await unpacked(packed("plotly"));
    document.head.append(script);
    const config = JSON.parse(packed("config"));
    for (const [index, plot] of plots.entries()) {
      progress.textContent = `${index + 1} / ${plots.length}`;
      await draw(plot, config);
      await new Promise((done) => setTimeout(done)); // the page stays alive in between
    }
    progress.remove();
  } catch (error) {
    console.error(error);
    progress.textContent = progress.dataset.failed;
  }
}

window.drawn = plots.length ? drawAll() : Promise.resolve(progress.remove());
let waiting;
window.addEventListener("resize", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => plots.forEach(fit), 150);
});
for (const moment of ["beforeprint", "afterprint"]) window.addEventListener(moment, () => plots.forEach(fit));
