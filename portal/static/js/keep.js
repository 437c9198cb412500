// <form data-keep="key">: what is typed stays in this browser until the server has saved it. After a reload, the back
// button, a crash or a lost network it is put back and saved against what it was typed over: if somebody else has
// changed the same text meanwhile, the server shows both and the person decides.
(() => {
  const PREFIX = "rundbrief-keep:", KEEP_MS = 7 * 86400000, BEHIND_MS = 60000, SKIPPED = new Set(["csrf_token", "version", "base"]);
  try { localStorage.length; } catch { return; }  // forbidden by the browser: saving works without it
  const read = (key) => { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } };
  Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)).forEach((key) => {
    const kept = read(key);
    if (!kept || Date.now() - kept.at > (kept.saved ? BEHIND_MS : KEEP_MS)) localStorage.removeItem(key);
  });
  const values = (form) => [...new FormData(form)].filter(([name, value]) => !SKIPPED.has(name) && typeof value === "string");
  const typing = new Map();  // form → how often it was changed since its last save

  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-keep]");
    if (!form || event.target.type === "file") return;
    typing.set(form.dataset.keep, (typing.get(form.dataset.keep) || 0) + 1);
    try {
      localStorage.setItem(PREFIX + form.dataset.keep, JSON.stringify({ at: Date.now(), base: form.elements.base?.value, values: values(form) }));
    } catch { /* full */ }
  });
  document.body.addEventListener("htmx:beforeSend", (event) => {
    const { elt, xhr } = event.detail;
    if (elt.dataset.keep) xhr.keptBefore = typing.get(elt.dataset.keep) || 0;
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    const { elt, xhr } = event.detail;
    if (!elt.dataset?.keep || !xhr.status || xhr.status >= 400) return;
    const key = PREFIX + elt.dataset.keep, kept = read(key);
    // still known for a moment: a page that was asked for before this save arrived shows less than is saved
    if (kept && (typing.get(elt.dataset.keep) || 0) === xhr.keptBefore) localStorage.setItem(key, JSON.stringify({ ...kept, at: Date.now(), saved: true }));
  });
  document.addEventListener("click", (event) => {
    const form = event.target.closest("[data-drop-typed]")?.closest("form[data-keep]");
    if (form) localStorage.removeItem(PREFIX + form.dataset.keep);
  }, true);

  function put(form, asLoaded) {
    if (form.dataset.kept) return;
    form.dataset.kept = "1";
    const key = PREFIX + form.dataset.keep, kept = read(key);
    if (!kept) return;
    const wanted = new Map(kept.values);
    const fields = [...form.elements].filter((field) => field.name && !SKIPPED.has(field.name) && wanted.has(field.name) && field.value !== wanted.get(field.name));
    if (asLoaded && kept.saved && fields.length && kept.base === form.elements.base?.value && !sessionStorage.getItem(key)) {
      sessionStorage.setItem(key, "1");
      location.reload();
      return;
    }
    sessionStorage.removeItem(key);
    if (kept.saved || !fields.length) { localStorage.removeItem(key); return; }
    fields.forEach((field) => {
      field.value = wanted.get(field.name);
      if (field.editorInstance) field.editorInstance.value = field.value;
    });
    if (kept.base && form.elements.base) form.elements.base.value = kept.base;
    form.dispatchEvent(new Event("input", { bubbles: true }));
    htmx.trigger(form, "save-now");
  }
  const all = (asLoaded) => document.querySelectorAll("form[data-keep]").forEach((form) => put(form, asLoaded));
  document.body.addEventListener("htmx:afterSettle", () => all(false));
  // what was typed into a block that is closed now: open it, so that it is seen and saved
  document.addEventListener("DOMContentLoaded", () => setTimeout(() => {
    all(true);
    const issue = document.getElementById("head")?.dataset.keep.replace(/head$/, "");
    const waiting = Object.keys(localStorage).find((key) => issue && key.startsWith(PREFIX + issue) && !read(key)?.saved && !document.querySelector(`form[data-keep="${key.slice(PREFIX.length)}"]`));
    if (waiting) document.getElementById(`open-${waiting.slice((PREFIX + issue).length)}`)?.click();
  }, 0));
})();
