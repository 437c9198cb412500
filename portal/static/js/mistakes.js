// A refused form opens at its first mistake.
(() => {
  function go(within) {
    const wrong = within.querySelector("[aria-invalid=true], .is-invalid");
    if (!wrong || within.contains(document.activeElement) && document.activeElement.matches("[aria-invalid=true], .is-invalid")) return;
    wrong.closest("details")?.setAttribute("open", "");
    wrong.focus();
  }
  go(document.querySelector("main") || document.body);
  document.body.addEventListener("htmx:afterSettle", (event) => { if (event.detail.xhr?.status === 422) go(event.detail.elt); });
})();
