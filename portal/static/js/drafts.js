// <form data-autosave data-draft="key">: what is typed is kept in this browser until the server has saved it. After a
// reload, the back button, a crash or a lost network it is put back; if the text was changed elsewhere meanwhile, the
// person decides.
(() => {
  const PREFIX = "rundbrief-draft:", KEEP_MS = 14 * 86400000;
  const offer = document.querySelector("[data-draft-offer]");
  try { localStorage.length; } catch { return; }  // forbidden by the browser: saving works without it

  Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)).forEach((key) => {
    const kept = read(key);
    if (!kept || Date.now() - kept.at > KEEP_MS) localStorage.removeItem(key);
  });
  function read(key) {
    try { return JSON.parse(localStorage.getItem(key)); } catch { return null; }
  }

  // The server tidies HTML when it saves: words count, not tags.
  const words = (value) => (value.includes("<") ? new DOMParser().parseFromString(value, "text/html").body.textContent : value).replace(/\s+/g, " ").trim();

  document.querySelectorAll("form[data-draft]").forEach((form) => {
    const key = PREFIX + form.dataset.draft;
    const skipped = new Set(["csrf_token", "version", "q", "find", "folder"]);
    const values = () => [...new FormData(form)].filter(([name, value]) => !skipped.has(name) && typeof value === "string");
    const ticked = (list) => list.filter(([name]) => name === "documents").map(([, id]) => id).sort().join(",");
    const pictures = () => Object.fromEntries([...form.querySelectorAll("[data-picture]")].map((place) => [place.querySelector("[data-picture-id]").name, place.querySelector("[data-picture-shown]").getAttribute("src")]));
    const drop = () => { localStorage.removeItem(key); if (offer) offer.hidden = true; };

    function put(kept) {
      const wanted = new Map(kept.values);
      [...form.elements].forEach((field) => {
        if (!field.name || skipped.has(field.name) || field.type === "submit" || field.type === "checkbox" || !wanted.has(field.name)) return;
        if (field.value === wanted.get(field.name)) return;
        field.value = wanted.get(field.name);
        if (field.editorInstance) field.editorInstance.value = field.value;
        field.closest("[data-picture]")?.dispatchEvent(new CustomEvent("rundbrief:picture", { detail: { id: field.value, thumb: kept.pictures?.[field.name] } }));
      });
      documents(kept.values).finally(() => form.dispatchEvent(new Event("input", { bubbles: true })));
    }
    // Ticked documents may be ones that a search had found: the server draws the list with them.
    async function documents(list) {
      if (ticked(values()) === ticked(list)) return;
      const search = form.querySelector("[data-documents]");
      const ids = new URLSearchParams(list.filter(([name]) => name === "documents"));
      if (search) await htmx.ajax("GET", `${search.getAttribute("hx-get")}?${ids}`, { target: "#documents", swap: "outerHTML" });
    }

    let timer = 0;
    const keep = (saved = false, sent = false, saving = false) => {
      try { localStorage.setItem(key, JSON.stringify({ at: Date.now(), saved, sent, saving, version: form.elements.version.value, values: values(), pictures: pictures() })); } catch { /* full or forbidden */ }
    };
    form.addEventListener("input", (event) => {
      if (event.target.type === "search" || event.target.type === "file") return;
      clearTimeout(timer);
      timer = setTimeout(() => { timer = 0; keep(); }, 150);
    });
    window.addEventListener("pagehide", () => {
      const saving = Boolean(form.dataset.saving);
      if (!timer && !saving) return;
      clearTimeout(timer);
      keep(false, false, saving);
    });
    form.addEventListener("rundbrief:saved", () => {
      clearTimeout(timer);
      timer = 0;
      keep(true);  // with its version: a page that was asked for before shows less than is saved
    });
    form.addEventListener("submit", () => { clearTimeout(timer); timer = 0; keep(false, true); });

    const kept = read(key);
    if (!kept) return;
    // This page may have been asked for before the last save of the page before it arrived: then it is asked for again.
    const here = Number(form.elements.version.value), there = Number(kept.version);
    const isBehind = Date.now() - kept.at < 60000 && ((kept.saved && there > here) || (kept.saving && there === here));
    if (isBehind && !sessionStorage.getItem(key)) {
      sessionStorage.setItem(key, "1");
      form.inert = true;
      setTimeout(() => location.reload(), kept.saved ? 0 : 1000);
      return;
    }
    sessionStorage.removeItem(key);
    if (kept.saved) {
      const note = new Map(kept.values).get("note");  // a remark is sent with the article, not saved before
      if (note && form.elements.note && !form.elements.note.value) form.elements.note.value = note;
      else drop();
      return;
    }
    const now = new Map(values()), isCurrent = kept.version === form.elements.version.value;
    const differs = kept.values.some(([name, value]) => (isCurrent || name !== "note") && name !== "documents" && words(now.get(name) ?? "") !== words(value)) || ticked(values()) !== ticked(kept.values);
    if (!differs || (kept.sent && !isCurrent)) drop();  // the button has brought it to the server
    else if (isCurrent) {
      put(kept);
      const status = document.querySelector(form.dataset.autosave);
      if (status) status.textContent = status.dataset.restored;
    } else if (offer) {
      offer.hidden = false;
      offer.querySelector("[data-draft-use]").addEventListener("click", () => { put(kept); offer.hidden = true; });
      offer.querySelector("[data-draft-drop]").addEventListener("click", drop);
    }
  });
})();
