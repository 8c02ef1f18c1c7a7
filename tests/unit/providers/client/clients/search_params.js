// Queries in every way: URLSearchParams, literal, a URL object, a pixel.
function search(term, page) {
  const params = new URLSearchParams({ q: term, page: String(page) });
  params.append("lang", navigator.language);
  return fetch("/search?" + params).then((found) => found.json());
}

function suggest(text) {
  return fetch(`/suggest?text=${encodeURIComponent(text)}&limit=10`).then((r) => r.json());
}

function near(position) {
  const url = new URL("/near", location.origin);
  url.searchParams.set("lat", position.coords.latitude.toFixed(3));
  url.searchParams.set("lon", position.coords.longitude.toFixed(3));
  return fetch(url).then((r) => r.json());
}

new Image().src = "/pixel.gif?page=" + encodeURIComponent(location.pathname) + "&t=" + Date.now();
