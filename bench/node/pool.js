// nodemailer's pool, personalised mails of about 39 KB; prints mails per second.
const nodemailer = require("nodemailer");
const [port, count, connections] = process.argv.slice(2).map(Number);
const words = "Der Newsletter bringt heute Neuigkeiten über Bücher, Züge und größere Häuser. ".repeat(17);
const body = (n) =>
  `<h1>Hallo Änne ${n}</h1>` +
  Array.from({ length: 20 }, (_, i) => `<p>${words}<a href="https://news.example/c/${i}/token${n}">mehr</a></p>`).join("\n");
const pool = nodemailer.createTransport({
  host: "127.0.0.1", port, pool: true, maxConnections: connections, maxMessages: Infinity, ignoreTLS: true,
});
(async () => {
  const started = process.hrtime.bigint();
  await Promise.all(Array.from({ length: count }, (_, n) => pool.sendMail({
    from: "News <news@news.example>", to: `Änne ${n} <p${n}@x.example>`, subject: "Weekly news",
    text: `Hallo Änne ${n}\n${words}`, html: body(n),
  })));
  console.log(count / (Number(process.hrtime.bigint() - started) / 1e9));
  pool.close();
})();
