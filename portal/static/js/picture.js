// Choose a picture from the media or upload one on the spot: media/_choice.html, with or without a dialog of its own.
(() => {
  const token = () => document.querySelector("meta[name=csrf-token]").content;
  const part = (place, name) => place.querySelector(`[data-picture-${name}]`);
  let current = null;

  function show(place, id, thumb, licence) {
    const shown = part(place, "shown"), none = part(place, "none"), ended = part(place, "licence");
    shown.hidden = !id || !thumb;
    if (id && thumb) shown.src = thumb; else shown.removeAttribute("src");
    if (none) none.hidden = Boolean(id);
    part(place, "clear").hidden = !id;
    if (!ended) return;
    ended.hidden = !licence;
    ended.querySelector("b").textContent = licence || "";
  }
  function set(place, id, thumb, alt, licence) {
    const field = part(place, "id");
    field.value = id;
    show(place, id, thumb, licence);
    const description = place.querySelector("input[name$=alt], textarea[name$=alt]");
    if (description && alt && !description.value) description.value = alt;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
  function fail(place, text) {
    const error = part(place, "error");
    error.hidden = !text;
    error.textContent = text;
  }

  document.addEventListener("click", (event) => {
    const open = event.target.closest("[data-picture-open]");
    if (open) {
      current = open.closest("[data-picture]");
      const dialog = part(current, "dialog") || document.querySelector("[data-picture-dialog]");
      dialog.showModal();
      htmx.ajax("GET", open.dataset.pictureOpen, { target: dialog.querySelector("#pick"), swap: "outerHTML" });
    }
    const chosen = event.target.closest("[data-choose]");
    if (chosen && current) {
      fail(current, "");
      set(current, chosen.dataset.choose, chosen.dataset.thumb, chosen.dataset.alt, chosen.dataset.licence);
      chosen.closest("dialog").close();
    }
    if (event.target.closest("[data-picture-close]")) event.target.closest("dialog").close();
    const clear = event.target.closest("[data-picture-clear]");
    if (clear) set(clear.closest("[data-picture]"), "", "", "");
  });
  // drafts.js has put another picture back
  document.querySelectorAll("[data-picture]").forEach((place) => place.addEventListener("rundbrief:picture", (event) => show(place, event.detail.id, event.detail.thumb)));
  // Enter in the search of the dialog must not send the form around it.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("[data-picture-dialog] input")) event.preventDefault();
  });

  function upload(place, file) {
    const bar = part(place, "progress");
    fail(place, "");
    const data = new FormData();
    data.append("file", file);
    data.append("picture", "1"); // documents and SVG are refused: mails do not show them
    const request = new XMLHttpRequest();
    request.open("POST", place.dataset.upload);
    request.responseType = "json";
    request.setRequestHeader("X-Requested-With", "upload");
    request.setRequestHeader("X-CSRFToken", token());
    if (bar) { bar.hidden = false; bar.value = 0; }
    request.upload.addEventListener("progress", (event) => { if (bar) bar.value = (100 * event.loaded) / (event.total || 1); });
    request.addEventListener("loadend", () => {
      if (bar) bar.hidden = true;
      const said = request.response;
      if (request.status === 401) document.body.dispatchEvent(new CustomEvent("rundbrief:expired", { detail: () => upload(place, file) }));
      else if (request.status === 200) set(place, said.id, said.thumb, said.alt);
      else if (request.status === 413) fail(place, place.dataset.tooLarge || request.statusText);
      else fail(place, said?.text ?? place.dataset.failed ?? request.statusText);
    });
    request.send(data);
  }
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-picture-file]") || !event.target.files.length) return;
    upload(event.target.closest("[data-picture]"), event.target.files[0]);
    event.target.value = "";
  });
})();
