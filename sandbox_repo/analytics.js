// The analytics client: one page view, your own events, and a beacon when the page is hidden.
//
//   <script src="https://a.ado.im/analytics.js" defer></script>
//   analytics.event("signup", { plan: "team" });
//
// Payloads, one per request, all posted to /collect (app/models.py checks the same shapes):
//   { type: "pageview", url, referrer, title }
//   { type: "event",    url, name, props }       props: at most 16 short strings
//   { type: "hide",     url, visible_ms }
(() => {
  "use strict";

  const COLLECT = new URL("/collect", document.currentScript.src).href;
  const MAX_URL = 2048;
  const MAX_TEXT = 256;

  // Query and fragment stay on the page: they can hold private data.
  const bare = (url) => url.split(/[?#]/, 1)[0].slice(0, MAX_URL);

  // Counting must never break the page, so a failed request is dropped.
  function post(payload) {
    fetch(COLLECT, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(payload),
      credentials: "omit",
      keepalive: true,
    }).catch(() => {});
  }

  // A string goes out as text/plain, which needs no preflight; a page that closes has no time for one.
  function beacon(payload) {
    navigator.sendBeacon(COLLECT, JSON.stringify(payload));
  }

  function pageview() {
    post({
      type: "pageview",
      url: bare(location.href),
      referrer: bare(document.referrer),
      title: document.title.slice(0, MAX_TEXT),
    });
  }

  function event(name, props = {}) {
    const texts = Object.entries(props).map(([key, value]) => [key, String(value).slice(0, MAX_TEXT)]);
    post({ type: "event", url: bare(location.href), name, props: Object.fromEntries(texts) });
  }

  // Each stretch of attention is one beacon: a tab can be hidden and shown many times.
  let shownAt = performance.now();
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") {
      shownAt = performance.now();
    } else {
      const visible_ms = Math.round(performance.now() - shownAt);
      beacon({ type: "hide", url: bare(location.href), visible_ms });
    }
  });

  window.analytics = Object.freeze({ event });
  pageview();
})();
