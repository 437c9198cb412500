// <form data-autosave="#status">: saved 800 ms after the last change. A lost network keeps the text and tries again;
// an expired sign-in opens over the page (session.js listens for rundbrief:expired).
(() => {
  document.querySelectorAll("form[data-autosave]").forEach((form) => {
    const status = document.querySelector(form.dataset.autosave);
    let timer = 0, running = false, again = false, leaving = false;
    const later = (ms) => { clearTimeout(timer); timer = setTimeout(save, ms); };
    async function save() {
      if (leaving) return;
      if (running) { again = true; return; }
      running = true;
      try {
        const data = new FormData(form);
        const answer = await fetch(form.action, { method: "POST", body: data, headers: {
          "X-Autosave": "1", "X-Requested-With": "autosave",
          "X-CSRFToken": document.querySelector("meta[name=csrf-token]").content } });
        if (answer.status === 401) {
          document.body.dispatchEvent(new CustomEvent("rundbrief:expired", { detail: save }));
        } else {
          const said = await answer.json();
          if (said.version) form.elements.version.value = said.version;
          status.textContent = said.text;
          if (answer.status === 409) leaving = true;
        }
      } catch {
        status.textContent = status.dataset.lost;
        later(5000);
      } finally {
        running = false;
        if (again) { again = false; later(200); }
      }
    }
    form.addEventListener("input", (event) => { if (event.target.name !== "note" && event.target.type !== "search") later(800); });
    form.addEventListener("submit", () => { leaving = true; clearTimeout(timer); });
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key === "s") { event.preventDefault(); later(0); }
    });
  });
})();
