// A Blob gives a beacon the content type application/json.
import { ENDPOINT } from "./settings.mjs";

const session = { id: Math.random().toString(36).slice(2), started: Date.now() };

function report(vitals) {
  const payload = { ...session, ...vitals, page: window.location.pathname };
  const blob = new Blob([JSON.stringify(payload)], { type: "application/json" });
  return navigator.sendBeacon(ENDPOINT, blob);
}

addEventListener("pagehide", () => {
  report({ lcp: performance.now(), cls: 0.1, online: navigator.onLine });
});
