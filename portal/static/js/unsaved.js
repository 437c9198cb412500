// Forms that save themselves (hx-trigger … save-now): whoever leaves the page by a link or another form
// waits for what is not saved yet. What is refused stays on the page, with the reason.
(() => {
  const SELF = "form[hx-trigger*=save-now]";
  const typed = new Map();  // form → how often it was changed since its last save
  let leaving = null;

  const unsaved = () => [...typed.keys()].filter((form) => form.isConnected && typed.get(form));
  const save = (leave) => {
    leaving = leave;
    unsaved().forEach((form) => htmx.trigger(form, "save-now"));
  };

  const changed = (form) => typed.set(form, (typed.get(form) || 0) + 1);

  // Quick fingers: what was typed before the scripts were there is text like any other.
  const early = (field) => "defaultValue" in field && field.type !== "hidden" && !field.dataset.richtext && field.value !== field.defaultValue;
  document.querySelectorAll(SELF).forEach((form) => { if ([...form.elements].some(early)) changed(form); });
  document.addEventListener("DOMContentLoaded", () => setTimeout(() => save(null), 0));

  document.addEventListener("input", (event) => {
    const form = event.target.closest(SELF);
    if (form) changed(form);
  });
  document.body.addEventListener("htmx:beforeSend", (event) => {
    const { elt, xhr } = event.detail;
    if (typed.has(elt)) xhr.typedBefore = typed.get(elt);
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    const { elt, xhr } = event.detail;
    if (!typed.has(elt)) return;
    if (xhr.status && xhr.status < 400) typed.set(elt, typed.get(elt) - (xhr.typedBefore || 0));
    else leaving = null;
    if (!leaving || unsaved().length) return;
    const leave = leaving;
    leaving = null;
    leave();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-drop-typed]")) { typed.clear(); return; }  // the person has decided for the other text
    const link = event.target.closest("a[href]");
    if (!link || link.target || link.hasAttribute("hx-get") || link.dataset.paneLink || link.getAttribute("href").startsWith("#")
      || event.ctrlKey || event.metaKey || event.shiftKey || !unsaved().length) return;
    event.preventDefault();
    save(() => { location.href = link.href; });
  });
  document.addEventListener("submit", (event) => {
    const { target: form, submitter } = event;
    if (!unsaved().length || form.matches(SELF) || form.hasAttribute("hx-get") || form.closest("dialog")) return;
    if (form.hasAttribute("hx-post")) { save(null); return; }  // its answer may draw the field anew; htmx keeps the order
    event.preventDefault();
    event.stopImmediatePropagation();
    save(() => form.requestSubmit(submitter?.isConnected ? submitter : undefined));
  }, true);
  window.addEventListener("beforeunload", (event) => {
    if (unsaved().length) event.preventDefault();  // sent now, it would cross with what the next page does
  });
})();
