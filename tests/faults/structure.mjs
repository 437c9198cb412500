// What postal-mime reads in mails: node -e THIS FILE FOLDER, in assets/. Answers {file: {tree, plain, html, files}}
// with tree [type, [children]] and files [[type, name, content id, base64]].
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import PostalMime from "postal-mime";

const folder = process.argv.at(-1);
const base64 = (content) => Buffer.from(content).toString("base64");
const tree = (node) => [node.contentType.parsed.value, node.childNodes.map(tree)];
const answers = {};
for (const file of readdirSync(folder).filter((name) => name.endsWith(".eml"))) {
  const parser = new PostalMime();
  const mail = await parser.parse(readFileSync(join(folder, file)));
  answers[file] = {
    tree: tree(parser.root), plain: base64(mail.text), html: base64(mail.html),
    files: mail.attachments.map((a) => [a.mimeType, a.filename, a.contentId ?? null, base64(a.content)]),
  };
}
console.log(JSON.stringify(answers));
