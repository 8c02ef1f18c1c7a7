// One endpoint for everything.
const QUERY = `
  query Viewer($id: ID!) {
    viewer(id: $id) { name }
  }
`;

function ask(query, variables) {
  return fetch("/graphql", {
    method: "POST",
    headers: new Headers({ "Content-Type": "application/json" }),
    body: JSON.stringify({ query, variables }),
  }).then((response) => response.json());
}

ask(QUERY, { id: "42" });
ask("mutation { bump }", { step: 1, undo: false });
ask("{ version }");
