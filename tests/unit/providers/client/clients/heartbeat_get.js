// Nothing but reads, and a HEAD; a socket that is no request.
const socket = new WebSocket("wss://live.example.test/feed");
setInterval(() => fetch("/status", { cache: "no-store" }), 30000);
async function poll(since) {
  const r = await fetch("/changes?since=" + since);
  return await r.json();
}
fetch("/alive", { method: "HEAD" });
poll(Date.now());
socket.onmessage = (m) => poll(m.data);
