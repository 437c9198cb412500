// The page holds still under a pressed button: what a swap would move or draw anew waits until the button is let go,
// for a click begins and ends on the same element or is none.
(() => {
  let pressed = false, waiting = [];
  const on = (event) => event.target.closest?.("button, a[href], [type=submit], summary");

  function release() {
    pressed = false;
    const due = waiting;
    waiting = [];
    due.forEach((request) => { request.onload(); });
  }
  const later = () => { if (pressed) setTimeout(release, 0); };  // after the click that the release makes

  document.addEventListener("pointerdown", (event) => { pressed = !!on(event); }, true);
  document.addEventListener("keydown", (event) => { if (event.key === " " && on(event)) pressed = true; }, true);
  ["pointerup", "pointercancel", "keyup", "dragend"].forEach((name) => document.addEventListener(name, later, true));
  window.addEventListener("blur", later);

  document.body.addEventListener("htmx:beforeOnLoad", (event) => {
    // Answers to a write are dealt with at once: the next write must know the new version. A form that is only drawn
    // anew (data-typing) is sent by POST because it is long.
    const { elt, requestConfig } = event.detail;
    if (!pressed || (requestConfig.verb !== "get" && !elt.closest?.("form[data-typing]"))) return;
    event.preventDefault();
    waiting.push(event.detail.xhr);
    event.detail.xhr.drawnForm = elt.closest?.("form[data-typing]");
  });
  // The click has sent the form itself: its own answer draws it, the one that waited would take that answer's place away.
  document.body.addEventListener("htmx:beforeSend", (event) => {
    const form = event.detail.elt.closest?.("form[data-typing]");
    if (form) waiting.filter((request) => request.drawnForm === form).forEach((request) => { request.isStale = true; });
  });
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.isStale) event.detail.shouldSwap = false;
  });
})();
