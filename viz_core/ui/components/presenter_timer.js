// The lecturer's own window: time, clock, where the page is and what comes next. Its code lives in that window, so that
// it goes on when the page is loaded anew; the two talk by messages.

function timerPage(words) {
  const state = { before: 0, since: Date.now(), running: true, page: {} };
  const put = (name, text) => (document.getElementById(name).textContent = text);
  const two = (number) => String(number).padStart(2, "0");
  const elapsed = () => state.before + (state.running ? Date.now() - state.since : 0);
  const show = () => {
    const seconds = Math.floor(elapsed() / 1000);
    const hours = Math.floor(seconds / 3600);
    put("elapsed", `${hours ? `${hours}:` : ""}${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`);
    document.body.dataset.running = state.running;
    const now = new Date();
    put("clock", `${two(now.getHours())}:${two(now.getMinutes())}`);
    put("now", state.page.now ?? "");
    put("position", state.page.position ?? "");
    put("next", state.page.next ? words.comes.replace("{what}", state.page.next) : "");
  };
  const keys = {
    " ": () => Object.assign(state, { before: elapsed(), since: Date.now(), running: !state.running }),
    r: () => Object.assign(state, { before: 0, since: Date.now() }),
  };
  document.addEventListener("keydown", (event) => {
    const act = keys[event.key.toLowerCase()];
    if (act) act();
    // a clicker's keys come to the window that was used last
    else if (/^(Arrow(Left|Right)|Page(Up|Down))$/.test(event.key)) opener?.postMessage({ presenterKey: event.key }, origin);
    else return;
    event.preventDefault();
    show();
  });
  addEventListener("message", (event) => {
    if (event.source !== opener || event.origin !== origin || !event.data?.presenterPage) return;
    state.page = event.data.presenterPage;
    show();
  });
  setInterval(() => {
    show();
    opener?.postMessage({ presenterTimer: true }, origin); // a page that was loaded anew has lost sight of this window
  }, 250);
  show();
}

const TIMER_STYLE = `
  :root { color-scheme: light dark; font: 16px/1.35 system-ui, sans-serif; }
  body { margin: 0; padding: 14px 18px; background: Canvas; color: CanvasText; }
  div { display: flex; justify-content: space-between; align-items: baseline; gap: 12px; }
  #elapsed { font-size: 68px; font-weight: 600; line-height: 1.1; font-variant-numeric: tabular-nums; }
  body[data-running="false"] #elapsed { opacity: 0.45; }
  #clock { font-size: 30px; font-variant-numeric: tabular-nums; }
  p { margin: 6px 0; }
  #now { font-weight: 600; }
  #position { font-variant-numeric: tabular-nums; }
  small { display: block; margin-top: 14px; opacity: 0.75; font-size: 13px; }`;

/** Opens the window, or brings back the one that is open; null where the browser does not let us. */
function openTimer(words, language) {
  const timer = window.open("", "presenter-timer", "popup,width=420,height=300");
  if (!timer) return null;
  if (!timer.document.getElementById("elapsed")) {
    const { document } = timer;
    document.title = words.timer;
    document.documentElement.lang = language;
    const style = document.createElement("style");
    style.textContent = TIMER_STYLE;
    document.head.append(style);
    const make = (name, id, text = "") => Object.assign(document.createElement(name), { id, textContent: text });
    const time = make("div", "time");
    time.append(make("span", "elapsed"), make("span", "clock"));
    const place = make("div", "place");
    place.append(make("p", "now"), make("span", "position"));
    document.body.append(time, place, make("p", "next"), make("small", "keys", words.start));
    const script = document.createElement("script");
    const code = `(${timerPage})(${JSON.stringify(words)})`;
    script.src = URL.createObjectURL(new Blob([code], { type: "text/javascript" })); // deploy/ allows no code in a page
    document.body.append(script);
  }
  timer.focus();
  return timer;
}
