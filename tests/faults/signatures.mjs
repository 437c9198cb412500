// What mailauth says of signed mails: node -e THIS FILE FOLDER, in assets/. FOLDER holds *.eml and keys.json
// {name: TXT record}; answers {file: {selector: passed}}.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import verify from "mailauth/lib/dkim/verify.js";

const folder = process.argv.at(-1);
const keys = JSON.parse(readFileSync(join(folder, "keys.json"), "utf8"));
const resolver = async (name, kind) => {
  if (kind === "TXT" && keys[name]) return [[keys[name]]];
  throw Object.assign(new Error(`nothing for ${kind} ${name}`), { code: "ENOTFOUND" });
};
const answers = {};
for (const file of readdirSync(folder).filter((name) => name.endsWith(".eml"))) {
  const { results } = await verify.dkimVerify(readFileSync(join(folder, file)), { resolver });
  answers[file] = Object.fromEntries(
    results.filter((one) => one.selector).map((one) => [one.selector, one.status.result === "pass"]));
}
console.log(JSON.stringify(answers));
