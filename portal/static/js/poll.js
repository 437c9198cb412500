// A hidden tab asks one time in ten: nobody watches it.
(() => {
  let skipped = 0;
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    if (!event.detail.elt.matches?.("[hx-trigger*=every]") || !document.hidden) return;
    skipped = (skipped + 1) % 10;
    if (skipped) event.preventDefault();
  });
})();
