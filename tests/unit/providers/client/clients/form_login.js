// A form that is sent as one.
document.querySelector("#login").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const body = new URLSearchParams();
  body.set("name", form.elements.name.value);
  body.set("remember", form.elements.remember.checked);
  await fetch("/session", { method: "post", body });
});

document.querySelector("#logout").addEventListener("click", () => fetch("/session", { method: "DELETE" }));
