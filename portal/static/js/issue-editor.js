// The issue editor: drag to order, Alt+Arrow, saving by keyboard, counter and inbox line, preview after each change.
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
    if (verb !== "post" || !elt.closest("#assembly, #sources") || elt.matches("[data-block-form]")) return;
    if (!busy) return;
    event.preventDefault();
    acts.push(() => {
      const now = anew(elt);
      if (now === elt) issueRequest(true); else now?.requestSubmit();
    });
  });
  document.body.addEventListener("htmx:beforeSend", (event) => {
    if (event.detail.requestConfig.verb === "post") busy = event.detail.xhr;
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.xhr !== busy) return;
    busy = null;
    setTimeout(() => { if (!busy) acts.shift()?.(); }, 0);
  });

  function sortable() {
    const list = document.querySelector("#blocks[data-sortable=on]");
    if (!list || list.dataset.bound || typeof Sortable === "undefined") return;
    list.dataset.bound = "1";
    Sortable.create(list, {
      handle: "[data-grip]", draggable: "[data-block]", animation: 120,
      onEnd: (event) => { if (event.oldIndex !== event.newIndex) htmx.trigger("#order-form", "reordered"); },
    });
  }
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
    } else if ((event.ctrlKey || event.metaKey) && event.key === "s") {
      event.preventDefault();
      document.querySelectorAll("#head, [data-block-form]").forEach((form) => htmx.trigger(form, "save-now"));
    } else if (event.key === "a" && !event.ctrlKey && !event.metaKey && !event.altKey
      && !event.target.closest("input, textarea, select, [contenteditable], dialog")) {
      document.getElementById("add-block")?.click();
      document.querySelector(".rb-more.add .rb-item")?.focus();
    }
  });

  document.addEventListener("input", (event) => {
    const { count, mirror } = event.target.dataset;
    if (count) document.querySelector(count).textContent = [...event.target.value].length;
    if (mirror) document.querySelectorAll(mirror).forEach((place) => { place.textContent = event.target.value; });
  });

  let timer = 0;
  document.body.addEventListener("issue-changed", () => {
    clearTimeout(timer);
    timer = setTimeout(() => { const frame = document.getElementById("preview"); if (frame) frame.src = frame.src; }, 400);
  });

  // A lost network: say so, keep what was typed, try again.
  document.body.addEventListener("htmx:sendError", (event) => {
    const form = event.target.closest("form[hx-post]");
    if (!form || !saved()) return;
    saved().textContent = saved().dataset.lost;
    if (form.matches("#head, [data-block-form]")) setTimeout(() => htmx.trigger(form, "save-now"), 5000);
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
    document.querySelectorAll("details.rb-more[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });
})();
