// Shows the bar above a list only while something is ticked, and how much. Without script it is always there.
// <form data-bulk="name of the ticks">
(() => {
  const draw = () => document.querySelectorAll("form[data-bulk]").forEach((form) => {
    const ticked = form.querySelectorAll(`input[name=${form.dataset.bulk || "article"}]:checked`).length;
    const bar = form.querySelector("[data-bulk-bar]");
    bar.hidden = ticked === 0 && !bar.querySelector("[role=alert]");
    const text = bar.querySelector("[data-bulk-count]");
    text.textContent = text.dataset.bulkCount.replace("#", ticked);
  });
  document.addEventListener("change", draw);
  document.addEventListener("reset", () => setTimeout(draw));
  document.body.addEventListener("htmx:afterSettle", draw);
  draw();
})();
