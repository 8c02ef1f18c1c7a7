// A class with private fields, a queue that is sent as a batch, and retries.
export class Collector {
  static PATH = "/ingest/batch";
  #queue = [];
  #timer = null;

  constructor({ endpoint = "https://metrics.example.test", size = 20 } = {}) {
    this.endpoint = endpoint;
    this.size = size;
  }

  track(name, value) {
    this.#queue.push({ name: String(name), value: Number(value), ts: Date.now(), id: crypto.randomUUID() });
    if (this.#queue.length >= this.size) this.flush();
  }

  async flush(attempt = 0) {
    const events = this.#queue.splice(0, this.size);
    try {
      await fetch(this.endpoint + Collector.PATH, {
        method: "POST",
        headers: { "content-type": "application/json" },
        credentials: "include",
        body: JSON.stringify({ events, sentAt: new Date(), attempt }),
      });
    } catch (error) {
      if (attempt < 3) setTimeout(() => this.flush(attempt + 1), 1000 * 2 ** attempt);
    }
  }
}
