// A Request, a settings object that is built step by step, optional chaining.
const config = Object.assign({ url: "/feedback" }, window.FEEDBACK_CONFIG);

function options(payload) {
  const init = { method: "PUT", mode: "cors" };
  init.headers = { "Content-Type": "application/json" };
  init.body = JSON.stringify(payload);
  return init;
}

export function sendFeedback(rating, comment) {
  const payload = {
    rating: Math.floor(rating),
    comment: comment?.trim() ?? "",
    context: {
      screen: { width: screen.width, height: screen.height, ratio: devicePixelRatio },
      agent: navigator.userAgent,
      languages: [...navigator.languages],
    },
    source: rating > 3 ? "happy" : "unhappy",
  };
  return fetch(new Request(config.url, options(payload)));
}
