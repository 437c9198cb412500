// <form data-autosave="#status">: saved 800 ms after the last change. A lost network keeps the text and tries again;
// an expired sign-in opens over the page (session.js listens for rundbrief:expired).
(() => {
  document.querySelectorAll("form[data-autosave]").forEach((form) => {
    const status = document.querySelector(form.dataset.autosave);
    const decide = document.querySelector("[data-autosave-decide]");
    const token = () => document.querySelector("meta[name=csrf-token]").content;
    let timer = 0, dirty = false, running = false, stopped = false, sending = false, waiting = null;
    const later = (ms) => { clearTimeout(timer); timer = setTimeout(save, ms); };
    const say = (text) => { if (status.textContent !== text) status.textContent = text; };

    async function save() {
      clearTimeout(timer);
      if (running || stopped || sending || !dirty) return;
      running = true;
      form.dataset.saving = "1";  // drafts.js: whether this arrived is not known if the page goes now
      dirty = false;
      try {
        const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: {
          "X-Autosave": "1", "X-Requested-With": "autosave", "X-CSRFToken": token() } });
        if (answer.status === 401) {
          dirty = true;
          document.body.dispatchEvent(new CustomEvent("rundbrief:expired", { detail: save }));
        } else if (answer.headers.get("Content-Type")?.includes("json")) {
          const said = await answer.json();
          if (said.version) form.elements.version.value = said.version;
          if (!answer.ok) dirty = true;
          else if (!dirty) form.dispatchEvent(new CustomEvent("rundbrief:saved"));
          stopped = answer.status === 409 || answer.status === 403;  // 422 is tried again after the next change
          if (decide) decide.hidden = answer.status !== 409;
          say(said.text);
        } else if (answer.status < 500) {
          dirty = stopped = true;
          say(status.dataset.stopped || status.dataset.lost);
        } else {
          throw new Error(answer.statusText);
        }
      } catch {
        dirty = true;
        say(status.dataset.lost);
        later(5000);
      } finally {
        running = false;
        delete form.dataset.saving;
        if (waiting !== null) { const submitter = waiting; waiting = null; form.requestSubmit(submitter || undefined); }
      }
    }

    const changed = (event) => {
      if (event.target.name === "note" || event.target.type === "search" || event.target.type === "file") return;
      dirty = true;
      sending = false;
      later(800);
    };
    form.addEventListener("rundbrief:stop", () => {  // somebody has taken over
      stopped = true;
      clearTimeout(timer);
      say(status.dataset.taken);
    });
    form.addEventListener("input", changed);
    form.addEventListener("change", changed);
    // The button waits for a save under way: both would start from the same version, and one would be refused.
    form.addEventListener("submit", (event) => {
      clearTimeout(timer);
      if (running) {
        event.preventDefault();
        waiting = event.submitter || false;
      } else {
        sending = true;
      }
    });
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key === "s") { event.preventDefault(); dirty = true; save(); }
    });
    // Quick fingers: what was typed before this script was there is text like any other.
    const early = (field) => "defaultValue" in field && field.type !== "hidden" && !field.dataset.richtext && field.value !== field.defaultValue;
    if ([...form.elements].some(early)) { dirty = true; later(0); }
    window.addEventListener("online", save);
    window.addEventListener("beforeunload", (event) => { if (dirty && !sending) { save(); event.preventDefault(); } });
  });
})();
