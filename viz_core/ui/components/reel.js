/** Which moment of a course the page shows, one for the whole page. Like the board it runs ahead of Python: playing
 *  and sliding are the browser's own, and Python is told once the visitor rests. */
class Reel {
  constructor() {
    Object.assign(this, { moment: null, count: 0, sent: 0, session: null, timer: 0, playing: 0, tell: null });
    this.ahead = false; // whether the figures on the page are those of another moment
    this.listeners = new Set();
  }

  /** What Python says, and how to tell it; it counts once it has answered the last moment sent. */
  hear({ session, answered, moment, count, pace = PACE }, tell) {
    if (session !== this.session) {
      clearTimeout(this.timer);
      clearTimeout(this.playing);
      Object.assign(this, { session, sent: answered, timer: 0, playing: 0 });
    }
    Object.assign(this, { tell, count, pace });
    if (this.timer || this.playing || answered < this.sent) return;
    const changed = moment !== this.moment;
    Object.assign(this, { moment, ahead: false });
    if (changed) this.say();
  }

  /** Show another moment; Python is told after `rest` ms without a further one, or not at all (Infinity). */
  go(moment, rest) {
    const to = Math.min(Math.max(moment, 0), this.count - 1);
    clearTimeout(this.timer);
    this.timer = 0;
    const send = () => {
      this.timer = 0;
      this.sent += 1;
      this.tell({ number: this.sent, moment: this.moment });
    };
    if (rest < Infinity) this.timer = setTimeout(send, rest);
    if (to === this.moment) return;
    Object.assign(this, { moment: to, ahead: true });
    this.say();
  }

  /** One moment after the other to the last, from the first when already there; `alive` says whether to go on. */
  play(alive) {
    if (this.moment === this.count - 1) this.go(0, Infinity);
    const next = () => {
      if (!alive()) return void (this.playing = 0);
      const last = this.moment + 1 >= this.count - 1;
      if (last) this.playing = 0;
      this.go(this.moment + 1, last ? 0 : Infinity);
      if (!last) this.playing = setTimeout(next, this.pace);
    };
    this.playing = setTimeout(next, this.pace);
    this.say();
  }

  /** End playing; where the visitor comes to rest is for the caller to say, with `go`. */
  stop() {
    if (!this.playing) return;
    clearTimeout(this.playing);
    this.playing = 0;
    this.say();
  }

  listen(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  say() {
    for (const listener of this.listeners) listener();
  }
}

const PACE = 700; // ms a moment
const reel = (window.attentionReel ??= new Reel());

/** The Plotly figure shown under a key, or undefined where there is none (yet). */
const plotOf = (key) => [...document.querySelectorAll(`.st-key-${key} .js-plotly-plot`)].find((plot) => plot._fullLayout);
