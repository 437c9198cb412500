// A form with data-look beside the frame that shows what is typed: sent there half a second after the last change.
// Without script the button beside Save does it.
(() => {
  const form = document.querySelector("form[data-look]"), button = form?.querySelector("[data-look-try]");
  if (form && button) {
    let timer = 0, dirty = false;
    const show = () => form.requestSubmit(button);
    form.addEventListener("input", () => { dirty = true; clearTimeout(timer); timer = setTimeout(show, 500); });
    form.addEventListener("submit", (event) => { if (event.submitter !== button) dirty = false; });
    window.addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });
  }
  document.addEventListener("click", (event) => {
    const chosen = event.target.closest("[data-look-width]");
    if (!chosen) return;
    chosen.parentElement.querySelectorAll("[data-look-width]").forEach((other) => other.setAttribute("aria-pressed", String(other === chosen)));
    const view = chosen.closest(".rb-lookview"), part = chosen.dataset.lookWidth === "dark" ? "dark" : "", frame = view.querySelector("iframe");
    view.classList.toggle("narrow", chosen.dataset.lookWidth === "narrow");
    if ((view.dataset.part || "") === part) return;
    view.dataset.part = part;
    if (form?.elements.part) form.elements.part.value = part;
    if (button) form.requestSubmit(button);  // what is typed
    else frame.src = `${frame.getAttribute("src").split("?")[0]}${part && "?part=dark"}`;
  });
})();
