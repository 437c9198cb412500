// Several files by button, drag or paste: each with its own progress; one that is refused does not stop the others.
(() => {
  const AT_ONCE = 3, PIECE = 1048576;
  const mega = (bytes) => (bytes / 1048576).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1, minimumFractionDigits: 1 });
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
      task.part("size").classList.replace("num", "text-wrap");
      setTimeout(() => task.item.remove(), 8000);
    }
    function next() {
      while (running < AT_ONCE && waiting.length) send(waiting.shift());
    }
    function send(task) {
      running += 1;
      if (task.file.size > 2 * PIECE) { inPieces(task); return; }
      const data = new FormData();
      if (form.elements.folder) data.append("folder", form.elements.folder.value);
      data.append("file", task.file);
      const request = task.request = new XMLHttpRequest();
      request.open("POST", form.action);
      request.responseType = "json";
      request.setRequestHeader("X-Requested-With", "upload");
      request.setRequestHeader("X-CSRFToken", token());
      request.upload.addEventListener("progress", (event) => { show(task, event.loaded, event.total || 1); });
      request.addEventListener("loadend", () => { ended(task, request.status, request.response); });
      request.send(data);
    }
    function show(task, done, all) {
      task.part("bar").value = (100 * done) / all;
      task.part("size").textContent = form.dataset.of.replace("##", mega(all)).replace("#", mega(Math.min(done, all)));
    }
    // Large files go in pieces: after an error, also after a reload, they go on where they stood.
    async function inPieces(task) {
      const { file } = task, stop = task.request = new AbortController();
      const name = [...file.name].reduce((sum, sign) => (Math.imul(sum, 31) + sign.codePointAt(0)) >>> 0, 7);
      const upload = `${file.size}-${file.lastModified}-${name}`, count = Math.ceil(file.size / PIECE);
      const ask = (url, fields) => {
        const body = fields && new FormData();
        Object.entries(fields ?? {}).forEach(([key, value]) => body.append(key, value));
        return fetch(url, { method: body ? "POST" : "GET", body, signal: stop.signal, headers: { "X-Requested-With": "upload", "X-CSRFToken": token() } });
      };
      let answer = null, said = null;
      try {
        answer = await ask(`${form.dataset.pieces}?upload=${upload}`);
        for (let held = 0; answer.ok && (held = (await answer.json()).held) < count;) {
          show(task, held * PIECE, file.size);
          answer = await ask(form.dataset.pieces, { upload, number: held, file: file.slice(held * PIECE, (held + 1) * PIECE) });
        }
        show(task, file.size, file.size);
        const folder = form.elements.folder ? { folder: form.elements.folder.value } : {};
        if (answer.ok) answer = await ask(form.dataset.whole, { upload, name: file.name, size: file.size, ...folder });
        said = await answer.json();
      } catch { if (answer?.ok) answer = null; /* no network, or an answer that is no JSON */ }
      ended(task, answer?.status ?? 0, said);
    }
    function ended(task, status, said) {
      running -= 1;
      if (status === 200) {
        made += 1;
        if (said?.known) known(task, said.text); else task.item.remove();
      } else if (status === 401) {
        document.body.dispatchEvent(new CustomEvent("rundbrief:expired", { detail: () => { waiting.push(task); next(); } }));
      } else if (status === 413) refuse(task, form.dataset.tooLarge);
      else if (task.item.isConnected && said?.text) refuse(task, said.text);
      else if (task.item.isConnected) fail(task, form.dataset.failed);
      next();
      if (!running && !waiting.length && made) {
        made = 0;
        htmx.ajax("GET", form.dataset.drop || location.href, { target: "#media-results", swap: "outerHTML" });
      }
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
