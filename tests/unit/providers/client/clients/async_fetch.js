// Modern: async functions, a base address, several verbs, path parameters, answers that are read.
const API = "/api/v2";

async function request(method, path, body) {
  const response = await fetch(`${API}${path}`, {
    method,
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${response.status}`);
  return response.json();
}

export const listNotes = () => request("GET", "/notes");
export const readNote = (noteId) => request("GET", `/notes/${noteId}`);
export const addNote = (title, tags = []) =>
  request("POST", "/notes", { title: title.trim(), tags: tags.map((tag) => tag.toLowerCase()), pinned: false });
export const changeNote = (noteId, pinned) => request("PATCH", `/notes/${noteId}`, { pinned: !!pinned, at: new Date().toISOString() });
export const dropNote = (noteId) => request("DELETE", `/notes/${noteId}`);
