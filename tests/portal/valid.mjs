// What html-validate says of pages: node -e THIS FILE pages.json, in assets/. pages.json: {name: html}; answers [words].
import { readFileSync } from "node:fs";
import { HtmlValidate } from "html-validate";

const validator = new HtmlValidate({ extends: ["html-validate:standard"] });
const found = [];
for (const [name, html] of Object.entries(JSON.parse(readFileSync(process.argv.at(-1), "utf8"))))
  for (const result of (await validator.validateString(html)).results)
    for (const m of result.messages) found.push(`${name}: ${m.ruleId}: ${m.message} (${m.line}:${m.column})`);
console.log(JSON.stringify(found));
