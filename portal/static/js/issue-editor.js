// The issue editor: drag to order, Alt+Arrow, saving by keyboard, preview after each change.
(() => {
  const version = () => document.getElementById("issue-version");
  const saved = () => document.getElementById("saved");

  // Every write names the version that the page shows now, also from forms drawn before the last change.
  document.body.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.verb === "post" && version()) event.detail.parameters.version = version().value;
  });

  // One act after the other, and none is lost: while one is under way the next waits here, for its answer draws the
  // blocks anew and htmx drops what waits on an element that is gone.
  const acts = [];
  let busy = null;
  const facts = (form) => [form.getAttribute("hx-post"), ...[...form.elements].filter((field) =>
    field.type === "hidden" && !["csrf_token", "version", "open"].includes(field.name)).map((field) => field.value)].join(" ");
  const anew = (form) => form.isConnected ? form : [...document.querySelectorAll("#editor form[hx-post]")].find((other) => facts(other) === facts(form));

  document.body.addEventListener("htmx:confirm", (event) => {
    const { elt, verb, issueRequest } = event.detail;
    if (verb !== "post" || !elt.closest("#assembly, #sources, #steps") || elt.matches("[data-block-form]")) return;
    if (!busy) return;
    event.preventDefault();
    acts.push(() => {
      const now = anew(elt);
      if (now === elt) issueRequest(true); else now?.requestSubmit();
    });
  });
  document.body.addEventListener("htmx:beforeSend", (event) => {
    const { elt, requestConfig, xhr } = event.detail;
    if (!elt.matches("[data-redraws]") && (requestConfig.verb !== "post" || elt.id === "presence")) return;
    busy = xhr;
    xhr.addEventListener("loadend", () => {  // htmx tells nobody when the element that asked is gone by then
      if (xhr !== busy) return;
      busy = null;
      setTimeout(() => { if (!busy) acts.shift()?.(); }, 0);
    });
  });

  // An answer that draws the blocks looks for them from the element that asked. The lists beside the blocks are drawn anew
  // on their own, so it may be gone by then: it stands in the page, unseen, while its answer is taken.
  document.body.addEventListener("htmx:beforeSend", (event) => {
    const { elt, xhr } = event.detail;
    xhr.addEventListener("readystatechange", () => {
      if (xhr.readyState !== XMLHttpRequest.DONE || elt.isConnected || !xhr.getResponseHeader("HX-Retarget")) return;
      const away = document.createElement("div");
      away.hidden = true;
      away.append(elt);
      document.body.append(away);
      xhr.addEventListener("loadend", () => away.remove());
    });
  });

  function sortable() {
    const list = document.querySelector("#blocks[data-sortable=on]");
    if (!list || list.dataset.bound || typeof Sortable === "undefined") return;
    list.dataset.bound = "1";
    Sortable.create(list, {
      handle: "[data-grip]", draggable: "[data-block]", animation: 120, group: { name: "blocks", put: ["sources"] },
      onEnd: (event) => { if (event.oldIndex !== event.newIndex) htmx.trigger("#order-form", "reordered"); },
      // from the pool: the form of the article does it, and says before which block
      onAdd: (event) => {
        const before = event.item.nextElementSibling?.matches("[data-block]") ? event.item.nextElementSibling.id.slice(6) : "";
        const { id } = event.item, form = event.clone.querySelector("form");
        event.item.remove();
        event.clone.id = id;  // Sortable leaves it without, and htmx does not know it yet
        htmx.process(event.clone);
        if (!form) return;
        const field = Object.assign(document.createElement("input"), { type: "hidden", name: "before", value: before });
        form.append(field);
        form.requestSubmit();
        setTimeout(() => field.remove(), 0);
      },
    });
  }
  // Articles and building blocks are dragged as copies: what stays in the list still has its button.
  function draggables() {
    document.querySelectorAll("#sources ul[data-sources]").forEach((list) => {
      if (list.dataset.bound || typeof Sortable === "undefined") return;
      list.dataset.bound = "1";
      list.querySelectorAll("li").forEach((item) => { item.dataset.source = item.id; });
      Sortable.create(list, { sort: false, animation: 120, filter: "button, a", preventOnFilter: false, draggable: "li:has(form)",
        group: { name: "sources", pull: "clone", put: false } });
    });
  }
  draggables();
  document.body.addEventListener("htmx:afterSettle", draggables);
  sortable();
  document.body.addEventListener("htmx:afterSettle", sortable);

  document.addEventListener("keydown", (event) => {
    const block = event.target.closest("[data-block]");
    if (event.altKey && block && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      event.preventDefault();
      const button = document.getElementById(`${event.key === "ArrowUp" ? "up" : "down"}-${block.id.slice(6)}`);
      button?.focus();
      button?.click();
    } else if (event.key === "Escape" && block) {
      block.querySelector("[data-close-block]")?.click();
    } else if ((event.ctrlKey || event.metaKey) && !event.altKey && /^[zy]$/i.test(event.key)) {
      if (event.target.closest("input, textarea, [contenteditable], .jodit-container")) return;  // there the browser undoes letters
      event.preventDefault();
      document.getElementById(event.shiftKey || event.key.toLowerCase() === "y" ? "redo" : "undo")?.click();
    } else if ((event.ctrlKey || event.metaKey) && event.key === "s") {
      event.preventDefault();
      document.querySelectorAll("#head, [data-block-form]").forEach((form) => htmx.trigger(form, "save-now"));
    } else if (event.key === "a" && !event.ctrlKey && !event.metaKey && !event.altKey
      && !event.target.closest("input, textarea, select, [contenteditable], dialog")) {
      document.getElementById("add-block")?.click();
      document.querySelector(".rb-more.add .rb-item")?.focus();
    }
  });

  // What was pressed is drawn anew by its answer: the cursor goes back to it. A block that was closed leaves it at its
  // title, a new one gets it into its first field.
  let pressed = "", adds = false;
  document.addEventListener("click", (event) => {
    const button = event.target.closest("#steps button[id], #assembly button[id]"), closes = event.target.closest("[data-close-block]");
    if (button?.getAttribute("aria-disabled") === "true") event.preventDefault();
    pressed = closes ? `open-${closes.closest("[data-block]").id.slice(6)}` : button?.id || "";
    adds = Boolean(event.target.closest("#editor button[name=kind]"));
  }, true);
  document.body.addEventListener("htmx:afterSettle", () => {
    const fresh = adds && document.querySelector("[data-block].open .body");
    if (fresh && document.activeElement?.closest(".body") !== fresh) {
      adds = false;
      const field = fresh.querySelector(".jodit-wysiwyg, input:not([type=hidden], [type=file]), textarea:not([data-richtext]), select");
      const block = fresh.closest("[data-block]");
      field?.focus({ preventScroll: true });
      block.scrollIntoView({ block: block.offsetHeight > innerHeight / 2 ? "start" : "nearest" });
    } else if (pressed && document.activeElement === document.body) document.getElementById(pressed)?.focus();
  });

  window.addEventListener("pagehide", () => {
    const place = document.getElementById("presence");
    if (!place) return;
    const form = new FormData();
    form.append("csrf_token", document.querySelector("meta[name=csrf-token]").content);
    form.append("leave", "1");
    navigator.sendBeacon(place.dataset.leave, form);
  });

  let timer = 0;
  document.body.addEventListener("issue-changed", () => {
    clearTimeout(timer);
    timer = setTimeout(() => { const frame = document.getElementById("preview"); if (frame) frame.src = frame.src; }, 400);
  });

  // A lost network: what was typed is kept and tried again; an act that was not done is told, for it can be done again.
  const SELF = "#head, [data-block-form]";
  const again = () => document.querySelectorAll(SELF).forEach((form) => { if (form.dataset.lost) htmx.trigger(form, "save-now"); });
  document.body.addEventListener("htmx:sendError", (event) => {
    const form = event.target.closest("form[hx-post]");
    if (!form || !saved()) return;
    const typed = form.matches(SELF);
    saved().textContent = typed ? saved().dataset.lost : saved().dataset.undone;
    if (!typed) return;
    form.dataset.lost = "1";
    setTimeout(again, 5000);
  });
  document.body.addEventListener("htmx:beforeOnLoad", (event) => { delete event.detail.elt.dataset.lost; });
  window.addEventListener("online", () => {
    again();
    if (saved()?.textContent === saved()?.dataset.undone) saved().textContent = "";
  });
  // Somebody else was quicker: the blocks as they are now, so that the act can be done again.
  document.body.addEventListener("htmx:afterRequest", (event) => {
    const { elt, xhr } = event.detail;
    if (xhr.status === 409 && !elt.matches(SELF) && elt.closest("#editor, #steps")) htmx.trigger("#presence", "look-again");
  });

  // Narrow screens: one pane at a time, without loading the page again.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-pane-link]");
    if (link) {
      event.preventDefault();
      document.getElementById("editor").dataset.pane = link.dataset.paneLink;
      link.parentElement.querySelectorAll("a").forEach((other) => other.removeAttribute("aria-current"));
      link.setAttribute("aria-current", "true");
    }
  });
})();
