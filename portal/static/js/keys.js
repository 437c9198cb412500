// Single keys outside of fields: / search, g then a letter for a place, j and k along rows, x tick, Enter open.
(() => {
  const PLACES = { i: "issues", p: "pool", m: "campaigns", s: "subscribers", c: "calendar" };
  let after = 0;
  const rows = () => [...document.querySelectorAll("[data-rows] a:first-of-type, .table tbody th a, .rb-pick h2 a, .rb-list .rb-strong")];
  // Enter in a search that stands inside of a form must not send the form around it.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("[data-stay]")) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable], dialog")) return;
    if (event.key === "/") {
      const search = document.querySelector("main input[type=search]");
      if (search) { event.preventDefault(); search.focus(); }
    } else if (event.key === "g") {
      after = Date.now();
    } else if (Date.now() - after < 1200) {
      after = 0;
      event.preventDefault(); // or the letter lands in the field of the switcher
      if (event.key === "t") document.getElementById("tenants")?.showPopover();
      const link = document.querySelector(`[data-nav="${PLACES[event.key]}"]`);
      if (link) link.click();
    } else if (event.key === "j" || event.key === "k") {
      const all = rows();
      const here = all.indexOf(document.activeElement);
      all[Math.max(0, Math.min(all.length - 1, here + (event.key === "j" ? 1 : -1)))]?.focus();
    } else if (event.key === "x") {
      document.activeElement.closest("tr, .card, li")?.querySelector("input[type=checkbox]")?.click();
    }
  });
})();
