// Values that come from functions, nested arrays, dates, nulls, several kinds in one field.
const now = () => Date.now();
function device() {
  return { memory: navigator.deviceMemory, touch: navigator.maxTouchPoints > 0, zone: Intl.DateTimeFormat().resolvedOptions().timeZone };
}
function points(list) {
  return list.map((p) => [p.x | 0, p.y | 0]);
}
class Heat {
  constructor(host) {
    this.url = new URL("heat/map", host || "https://heat.example.test/v3/").toString();
    this.trail = [];
  }
  move(event) {
    this.trail.push({ x: event.clientX, y: event.clientY, t: now() });
  }
  send() {
    const state = document.hidden ? "hidden" : "visible";
    const body = { trail: points(this.trail), device: device(), state, at: new Date().toISOString(), parent: null, tags: ["a", "b"], level: this.level ?? 1 };
    delete body.parent;
    return fetch(this.url, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "text/plain" } });
  }
}
new Heat().send();
