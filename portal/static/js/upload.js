// Several files by button, drag or paste: each with its own progress; one that is refused does not stop the others.
(() => {
  const AT_ONCE = 3;
  const token = () => document.querySelector("meta[name=csrf-token]").content;

  document.querySelectorAll("form[data-drop]").forEach((form) => {
    const list = form.querySelector("[data-drop-list]");
    const input = form.querySelector("[data-drop-input]");
    const row = form.querySelector("template");
    const waiting = [];
    let running = 0, made = 0;

    function add(file) {
      const item = row.content.firstElementChild.cloneNode(true);
      const part = (name) => item.querySelector(`[data-up-${name}]`);
      part("name").textContent = file.name;
      part("bar").setAttribute("aria-label", file.name);
      const close = part("close");
      close.setAttribute("aria-label", close.dataset.upClose.replace("#", file.name));
      list.append(item);
      const task = { file, item, part, request: null };
      close.addEventListener("click", () => { drop(task); });
      part("again").addEventListener("click", () => { again(task); });
      if (file.size > Number(form.dataset.most)) refuse(task, form.dataset.tooLarge);
      else { waiting.push(task); next(); }
    }
    function drop(task) {
      const at = waiting.indexOf(task);
      if (at >= 0) waiting.splice(at, 1);
      task.request?.abort();
      task.item.remove();
    }
    function refuse(task, text) {
      task.item.dataset.tone = "fail";
      task.part("bar").hidden = task.part("size").hidden = true;
      const said = task.part("said");
      said.hidden = false;
      said.querySelector("span").textContent = text;
    }
    // What failed on the way may be sent again; what was refused for itself would be refused again.
    function fail(task, text) {
      refuse(task, text);
      task.part("again").hidden = false;
    }
    function again(task) {
      delete task.item.dataset.tone;
      task.part("said").hidden = task.part("again").hidden = true;
      task.part("bar").hidden = task.part("size").hidden = false;
      task.part("bar").value = 0;
      waiting.push(task);
      next();
    }
    window.addEventListener("online", () => {
      [...list.children].forEach((item) => { const button = item.querySelector("[data-up-again]"); if (!button.hidden) button.click(); });
    });
    function known(task, text) {
      task.part("bar").hidden = true;
      task.part("size").textContent = text;
      setTimeout(() => task.item.remove(), 8000);
    }
    function next() {
      while (running < AT_ONCE && waiting.length) send(waiting.shift());
    }
    function send(task) {
      running += 1;
      const data = new FormData();
      if (form.elements.folder) data.append("folder", form.elements.folder.value);
      data.append("file", task.file);
      const request = task.request = new XMLHttpRequest();
      request.open("POST", form.action);
      request.responseType = "json";
      request.setRequestHeader("X-Requested-With", "upload");
      request.setRequestHeader("X-CSRFToken", token());
      request.upload.addEventListener("progress", (event) => {
        task.part("bar").value = (100 * event.loaded) / (event.total || 1);
        task.part("size").textContent = `${Math.round((100 * event.loaded) / (event.total || 1))} %`;
      });
      request.addEventListener("loadend", () => {
        running -= 1;
        if (request.status === 200) {
          made += 1;
          if (request.response?.known) known(task, request.response.text); else task.item.remove();
        }
        else if (request.status === 401) {
          document.body.dispatchEvent(new CustomEvent("rundbrief:expired", { detail: () => { waiting.push(task); next(); } }));
        } else if (request.status === 413) refuse(task, form.dataset.tooLarge);
        else if (task.item.isConnected && request.response?.text) refuse(task, request.response.text);
        else if (task.item.isConnected) fail(task, form.dataset.failed);
        next();
        if (!running && !waiting.length && made) {
          made = 0;
          htmx.ajax("GET", form.dataset.drop || location.href, { target: "#media-results", swap: "outerHTML" });
        }
      });
      request.send(data);
    }

    form.querySelectorAll("[data-needs-script]").forEach((part) => { part.hidden = false; });
    form.querySelectorAll("[data-without-script]").forEach((part) => { part.hidden = true; });
    input.addEventListener("change", () => { [...input.files].forEach(add); input.value = ""; });
    document.addEventListener("dragover", (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      form.classList.add("over");
    });
    document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) form.classList.remove("over"); });
    document.addEventListener("drop", (event) => {
      if (!event.dataTransfer.files.length) return;
      event.preventDefault();
      form.classList.remove("over");
      [...event.dataTransfer.files].forEach(add);
    });
    document.addEventListener("paste", (event) => { [...(event.clipboardData?.files ?? [])].forEach(add); });
  });
})();
