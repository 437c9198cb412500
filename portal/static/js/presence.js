// <div data-presence="url" data-leave="url">: says every 30 s that somebody is still writing here, and leaves with
// the page. When another person has taken over, the form beside it stops saving; what was typed stays.
(() => {
  const BEAT_MS = 30000;
  const place = document.querySelector("[data-presence]");
  if (!place) return;
  const token = () => document.querySelector("meta[name=csrf-token]").content;
  let lost = false;

  async function beat() {
    if (lost) return;
    try {
      const answer = await fetch(place.dataset.presence, { method: "POST", headers: {
        "X-Requested-With": "presence", "X-CSRFToken": token() } });
      const held = answer.headers.get("X-Held");
      if (held === null) return;  // signed out, or the article is gone: saving says so
      lost = held === "0";
      if (!lost) return;
      place.innerHTML = await answer.text();
      document.querySelector("form[data-autosave]")?.dispatchEvent(new CustomEvent("rundbrief:stop"));
    } catch {
      // no network: the next beat tries again, and the saving says what is wrong
    }
  }

  beat();
  setTimeout(beat, 4000);  // a page that was left a moment ago may have let go after our first word
  setInterval(beat, BEAT_MS);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) beat(); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) beat(); });
  window.addEventListener("pagehide", () => {
    if (lost) return;
    const form = new FormData();
    form.append("csrf_token", token());
    navigator.sendBeacon(place.dataset.leave, form);
  });
})();
