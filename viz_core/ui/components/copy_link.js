// The clipboard belongs to pages that came safely (https, localhost); on a LAN's http the old way copies.

const SVG = "http://www.w3.org/2000/svg";

export default function ({ data, parentElement }) {
  const find = (name) => parentElement.querySelector(name);
  const { address, code, words } = data;
  const [field, copy, says] = ["input", ".copy", "[role=status]"].map(find);
  if (field.value !== address) says.textContent = "";
  field.value = address;
  field.setAttribute("aria-label", words.field);
  field.onfocus = () => field.select();
  copy.textContent = words.copy;
  copy.onclick = async () => {
    const done = await copied(address, field);
    says.textContent = "";
    requestAnimationFrame(() => (says.textContent = done ? words.copied : words.failed)); // told again each time
  };

  const [small, room] = [find(".code"), find("dialog")];
  small.hidden = !code;
  if (!code) return;
  small.replaceChildren(drawn(code, ""));
  small.setAttribute("aria-label", (small.title = words.enlarge));
  find(".large").replaceChildren(drawn(code, words.code));
  find(".address").textContent = address;
  find(".close").textContent = words.close;
  find(".close").onclick = () => room.close();
  room.onEscape ??= (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopImmediatePropagation(); // Streamlit would close the menu that the code stands in
    room.close();
  };
  small.onclick = () => {
    room.showModal();
    window.addEventListener("keydown", room.onEscape, true);
  };
  room.onclose = () => window.removeEventListener("keydown", room.onEscape, true);
}

async function copied(text, field) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    field.focus();
    field.select();
    return document.execCommand("copy");
  }
}

function drawn({ side, path }, label) {
  const svg = document.createElementNS(SVG, "svg");
  const about = label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" };
  const look = { viewBox: `0 0 ${side} ${side}`, "shape-rendering": "crispEdges", ...about };
  for (const [name, value] of Object.entries(look)) svg.setAttribute(name, value);
  for (const [d, fill] of [[`M0 0h${side}v${side}H0z`, "#fff"], [path, "#000"]]) {
    const part = document.createElementNS(SVG, "path");
    part.setAttribute("d", d);
    part.setAttribute("fill", fill);
    svg.append(part);
  }
  return svg;
}
