// Several files by button, drag or paste: each with its own progress; one that is refused does not stop the others.
(() => {
  document.querySelectorAll("form[data-drop]").forEach((form) => {
    const list = form.querySelector("[data-drop-list]");
    const input = form.querySelector("[data-drop-input]");
    let waiting = 0, made = 0;
    function send(file) {
      waiting += 1;
      const row = document.createElement("li");
      const name = document.createElement("span");
      const bar = document.createElement("progress");
      const text = document.createElement("span");
      name.textContent = file.name;
      text.className = "rb-meta";
      bar.max = file.size || 1;
      bar.value = 0;
      row.append(name, " ", text, bar);
      list.append(row);
      const data = new FormData();
      const folder = form.elements.folder;
      if (folder) data.append("folder", folder.value);
      data.append("file", file);
      const request = new XMLHttpRequest();
      request.open("POST", form.action);
      request.responseType = "json";
      request.setRequestHeader("X-Requested-With", "upload");
      request.setRequestHeader("X-CSRFToken", document.querySelector("meta[name=csrf-token]").content);
      request.upload.addEventListener("progress", (event) => { bar.value = event.loaded; });
      request.addEventListener("loadend", () => {
        waiting -= 1;
        bar.remove();
        if (request.status === 200) { made += 1; text.textContent = "✓"; }
        else { row.dataset.tone = "fail"; text.textContent = request.response?.text ?? request.statusText ?? "!"; }
        if (!waiting && made && !list.querySelector("[data-tone=fail]")) location.reload();
        else if (!waiting && made) htmx.ajax("GET", location.href, { target: "#media-results", swap: "outerHTML" });
      });
      request.send(data);
    }
    input.addEventListener("change", () => { [...input.files].forEach(send); input.value = ""; });
    form.addEventListener("dragover", (event) => event.preventDefault());
    form.addEventListener("drop", (event) => { event.preventDefault(); [...event.dataTransfer.files].forEach(send); });
    document.addEventListener("paste", (event) => { [...(event.clipboardData?.files ?? [])].forEach(send); });
  });
})();
