// Flash lines: those that ask for nothing leave after 8 s, all can be closed.
(() => {
  const watch = () => document.querySelectorAll("#flash [data-flash=pass]:not([data-timed])").forEach((line) => {
    line.dataset.timed = "1";
    setTimeout(() => line.remove(), 8000);
  });
  document.addEventListener("click", (event) => {
    event.target.closest("[data-close-flash]")?.closest(".rb-note").remove();
  });
  new MutationObserver(watch).observe(document.getElementById("flash"), { childList: true });
  watch();
})();
