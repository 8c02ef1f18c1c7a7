/* Errors, in three shapes, to one endpoint; names that Python keeps for itself. */
let sent = 0;
const LIMIT = 10;
function toServer(report) {
  if (sent++ >= LIMIT) return;
  fetch("/errors", { method: "POST", keepalive: true, headers: { "Content-Type": "application/json" }, body: JSON.stringify(report) }).catch(function () {});
}
window.onerror = function (message, source, lineno, colno, error) {
  toServer({ type: "error", message: String(message), source, line: lineno, from: location.pathname, stack: error && error.stack ? error.stack.slice(0, 1000) : undefined });
};
window.addEventListener("unhandledrejection", (event) => {
  toServer({ type: "rejection", message: String(event.reason), class: typeof event.reason, "user-agent": navigator.userAgent });
});
document.addEventListener("securitypolicyviolation", (e) => {
  toServer({ type: "csp", model_config: "csp", directive: `${e.violatedDirective}`, json: { blocked: `${e.blockedURI}`, _private: 1 } });
});
