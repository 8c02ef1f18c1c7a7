// Writes workflow/semantics/nginx/directives.json again, from the npm package @nginx/reference-lib
// (Apache-2.0), which NGINX makes from its own documentation:
//
//     npm pack @nginx/reference-lib && tar xzf nginx-reference-lib-*.tgz
//     node bench/nginx_directives.mjs package > workflow/semantics/nginx/directives.json
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const folder = resolve(process.argv[2]);
const about = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
const { getDirectives } = await import(pathToFileURL(join(folder, about.main)).href);
const modules = {};
for (const one of getDirectives()) {
  const row = ((modules[one.module] ??= {})[one.name] ??= { contexts: [] });
  row.contexts = [...new Set([...row.contexts, ...one.contexts.filter(Boolean)])];
  if (one.isBlock) row.block = true;
}
const sorted = (table) =>
  Object.fromEntries(Object.entries(table).sort(([one], [other]) => (one < other ? -1 : 1)));
const rows = Object.entries(sorted(modules)).map(([name, table]) => {
  const lines = Object.entries(sorted(table)).map(
    ([directive, row]) => `      ${JSON.stringify(directive)}: ${JSON.stringify(row)}`,
  );
  return `    ${JSON.stringify(name)}: {\n${lines.join(",\n")}\n    }`;
});
const source = `${about.name} ${about.version}, ${about.license}`;
console.log(`{\n  "source": ${JSON.stringify(source)},\n  "modules": {\n${rows.join(",\n")}\n  }\n}`);
