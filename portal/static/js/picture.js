// Choose a picture from the media or upload one on the spot.
(() => {
  const box = (element) => element.closest("[data-picture]");
  function set(place, id, thumb, alt) {
    place.querySelector("[data-picture-id]").value = id;
    const shown = place.querySelector("[data-picture-shown]");
    shown.hidden = !id;
    if (id) shown.src = thumb; else shown.removeAttribute("src");
    place.querySelector("[data-picture-clear]").hidden = !id;
    const description = place.querySelector("input[name$=alt]");
    if (description && alt && !description.value) description.value = alt;
    place.querySelector("[data-picture-id]").dispatchEvent(new Event("input", { bubbles: true }));
  }
  document.addEventListener("click", async (event) => {
    const open = event.target.closest("[data-picture-open]");
    if (open) {
      const dialog = box(open).querySelector("dialog");
      dialog.showModal();
      htmx.ajax("GET", open.dataset.pictureOpen, { target: dialog.firstElementChild, swap: "outerHTML" });
    }
    const chosen = event.target.closest("[data-choose]");
    if (chosen && box(chosen)) {
      set(box(chosen), chosen.dataset.choose, chosen.dataset.thumb, chosen.dataset.alt);
      box(chosen).querySelector("dialog").close();
    }
    if (event.target.closest("[data-picture-close]")) event.target.closest("dialog").close();
    const clear = event.target.closest("[data-picture-clear]");
    if (clear) set(box(clear), "", "", "");
  });
  document.addEventListener("change", async (event) => {
    if (!event.target.matches("[data-picture-file]") || !event.target.files.length) return;
    const place = box(event.target);
    const error = place.querySelector("[data-picture-error]");
    const data = new FormData();
    data.append("file", event.target.files[0]);
    const answer = await fetch(place.dataset.upload, { method: "POST", body: data, headers: {
      "X-Requested-With": "upload", "X-CSRFToken": document.querySelector("meta[name=csrf-token]").content } });
    const said = await answer.json().catch(() => ({ text: answer.statusText }));
    error.hidden = answer.ok;
    error.textContent = answer.ok ? "" : said.text;
    if (answer.ok) set(place, said.id, said.thumb, said.alt);
    event.target.value = "";
  });
})();
