// Who looks at whom: what Python's Links hold, read in place.

/** `payload` begins with the links of `heads` heads over n tokens. */
class Links {
  constructor(payload, heads, n) {
    this.n = n;
    this.starts = new Uint32Array(payload, 0, heads * n + 1);
    const count = this.starts[heads * n];
    this.keys = new Uint16Array(payload, this.starts.byteLength, count);
    this.shares = new Uint16Array(payload, this.starts.byteLength + 2 * count, count);
  }

  /** What a row looks at, [[column, weight] …], the strongest first. */
  from(head, row) {
    const found = [];
    for (let i = this.starts[head * this.n + row]; i < this.starts[head * this.n + row + 1]; i++) {
      found.push([this.keys[i], this.shares[i] / 65535]);
    }
    return found.sort((a, b) => b[1] - a[1]);
  }

  /** Who looks at a column, [[row, weight] …], the strongest first. */
  to(head, column) {
    const found = [];
    for (let row = 0; row < this.n; row++) {
      let [low, high] = [this.starts[head * this.n + row], this.starts[head * this.n + row + 1]];
      const end = high;
      while (low < high) {
        const middle = (low + high) >> 1; // keys ascend within a row
        if (this.keys[middle] < column) low = middle + 1;
        else high = middle;
      }
      if (low < end && this.keys[low] === column) found.push([row, this.shares[low] / 65535]);
    }
    return found.sort((a, b) => b[1] - a[1]);
  }
}

/** The switch between what a token looks at ("from") and who looks at it ("to"): `turned` hears of a change. */
function switchable(root, words, turned) {
  const box = root.querySelector(".switch");
  box.setAttribute("aria-label", words.direction);
  for (const button of box.children) {
    button.textContent = words[button.value];
    button.onclick = () => turned(button.value);
    button.onkeydown = (event) => {
      if (!/^Arrow/.test(event.key)) return;
      event.preventDefault();
      const other = [...box.children].find((one) => one !== button);
      turned(other.value);
      other.focus();
    };
  }
}

function showSwitch(root, direction) {
  for (const button of root.querySelector(".switch").children) {
    button.setAttribute("aria-checked", button.value === direction);
    button.tabIndex = button.value === direction ? 0 : -1;
  }
}

/** Says of a token, to those who do not see its lines, where the strongest lead: [[token, weight] …]. */
function saysWhere(token, words, direction, ends) {
  token.dataset.name ??= token.getAttribute("aria-label");
  const told = ends.map(([to, weight]) => `“${to}” ${Math.round(100 * weight)}\u202f%`).join(", ");
  token.setAttribute("aria-label", told ? `${token.dataset.name}; ${words[direction]}: ${told}` : token.dataset.name);
}
