// The origin comes from the build; the path is here.
const BASE = import.meta.env.VITE_API_URL;
const headers = { "Content-Type": "application/json", Authorization: `Bearer ${localStorage.getItem("token")}` };

export const createOrder = async ({ items, note }) => {
  const body = JSON.stringify({
    items: items.map(({ id, count }) => ({ id: String(id), count: Number(count) })),
    note: note || undefined,
    ...(navigator.onLine && { online: true }),
  });
  const answer = await fetch(`${BASE}/orders`, { method: "POST", headers, body });
  return (await answer.json()).id;
};

export const cancelOrder = (id) => fetch(`${BASE}/orders/${id}/cancel`, { method: "POST", headers });
