// What html-validate and the table of caniemail.com say of mails: node -e THIS FILE mails.json, in assets/.
// mails.json: [{name, html}]; answers [{name, invalid: [...], unknown: {title: [clients]}}].
import { readFileSync } from "node:fs";
import { HtmlValidate } from "html-validate";
import { caniemail } from "caniemail";

const CLIENTS = ["gmail.*", "outlook.*", "apple-mail.*"];
// what is deliberate in mails: styles in elements, attributes that Outlook needs, rows without a body of their own
const rules = {
  "no-inline-style": "off", "no-deprecated-attr": "off", "prefer-tbody": "off", "doctype-style": "off",
};
const validator = new HtmlValidate({ extends: ["html-validate:recommended"], rules });
const answers = [];
for (const { name, html } of JSON.parse(readFileSync(process.argv.at(-1), "utf8"))) {
  const report = await validator.validateString(html);
  const invalid = report.results.flatMap((r) => r.messages.map((m) => `${m.ruleId}: ${m.message} (${m.line}:${m.column})`));
  const unknown = {};
  const partly = {};
  const { issues } = await caniemail({ clients: CLIENTS, html });
  for (const [found, into] of [[issues.errors, unknown], [issues.warnings, partly]])
    for (const [client, list] of found) for (const { title } of list) (into[title] ??= new Set()).add(client);
  const listed = (o) => Object.fromEntries(Object.entries(o).map(([title, set]) => [title, [...set]]));
  answers.push({ name, invalid, unknown: listed(unknown), partly: listed(partly) });
}
console.log(JSON.stringify(answers));
