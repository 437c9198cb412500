// Not deferred: who is quicker than the scripts waits for them. They know what else on the page is not saved yet;
// without them a button would send its own form, and what was typed in another one would be gone.
(() => {
  const waiting = [];
  const hold = (event) => {
    const link = event.type === "click" && event.target.closest("a[href]");
    if (event.type === "click" && (!link || event.ctrlKey || event.metaKey || event.shiftKey)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    waiting.push(link ? () => link.click() : () => event.target.requestSubmit(event.submitter ?? undefined));
  };
  document.addEventListener("submit", hold, true);
  document.addEventListener("click", hold, true);
  document.addEventListener("DOMContentLoaded", () => setTimeout(() => {
    document.removeEventListener("submit", hold, true);
    document.removeEventListener("click", hold, true);
    waiting.forEach((act) => act());
  }, 0));
})();
