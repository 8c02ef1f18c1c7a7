import axios from "axios";

const http = axios.create({ baseURL: "/api/", timeout: 5000, headers: { "X-Requested-With": "XMLHttpRequest" } });

export async function loadCart(userId) {
  const { data } = await http.get(`/carts/${userId}`);
  return data;
}

export function addItem(userId, item) {
  return http.post(`/carts/${userId}/items`, { sku: item.sku, quantity: Math.round(item.quantity), gift: item.gift === true });
}

export const removeItem = (userId, itemId) => http.delete(`/carts/${userId}/items/${itemId}`);

export const checkout = (cart) => axios({ method: "put", url: "/api/checkout", data: { total: cart.total * 1.0, coupon: cart.coupon || null } });
