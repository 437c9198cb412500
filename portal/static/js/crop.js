// <form data-crop>: a frame and a focus drawn over the picture; both are numbers in percent that can be typed as well.
(() => {
  const form = document.querySelector("form[data-crop]");
  if (!form) return;
  const stage = form.querySelector("[data-crop-stage]"), box = form.querySelector("[data-crop-box]"), focus = form.querySelector("[data-crop-focus]");
  const field = (name) => form.querySelector(`[data-crop-value=${name}]`);
  const get = (name) => Math.max(0, Math.min(100, Number(field(name).value.replace(",", ".")) || 0));
  const set = (name, value) => { field(name).value = String(Math.round(value * 10) / 10).replace(".", document.documentElement.lang === "de" ? "," : "."); };
  const ratio = Number(form.dataset.ratio) || 1;
  const LEAST = 4;
  let shape = 0, drag = null;

  form.querySelectorAll("[data-needs-script]").forEach((part) => { part.hidden = false; });
  box.hidden = focus.hidden = false;

  function draw() {
    const [left, top, width, height] = ["left", "top", "width", "height"].map(get);
    Object.assign(box.style, { left: `${left}%`, top: `${top}%`, width: `${width}%`, height: `${height}%` });
    Object.assign(focus.style, { left: `${left + (width * get("x")) / 100}%`, top: `${top + (height * get("y")) / 100}%` });
  }
  function put(left, top, width, height) {
    width = Math.max(LEAST, Math.min(100, width));
    height = Math.max(LEAST, Math.min(100, height));
    if (shape) {
      height = (width * ratio) / shape;
      if (height > 100) { height = 100; width = (height * shape) / ratio; }
    }
    set("width", width);
    set("height", height);
    set("left", Math.max(0, Math.min(100 - width, left)));
    set("top", Math.max(0, Math.min(100 - height, top)));
    draw();
  }

  stage.addEventListener("pointerdown", (event) => {
    const kind = event.target.closest("[data-crop-focus]") ? "focus" : event.target.dataset.cropHandle || (event.target.closest("[data-crop-box]") ? "move" : "");
    if (!kind) return;
    event.preventDefault();
    stage.setPointerCapture(event.pointerId);
    drag = { kind, x: event.clientX, y: event.clientY, left: get("left"), top: get("top"), width: get("width"), height: get("height"), fx: get("x"), fy: get("y") };
  });
  stage.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const dx = ((event.clientX - drag.x) * 100) / stage.clientWidth, dy = ((event.clientY - drag.y) * 100) / stage.clientHeight;
    if (drag.kind === "focus") {
      set("x", Math.max(0, Math.min(100, drag.fx + (dx * 100) / drag.width)));
      set("y", Math.max(0, Math.min(100, drag.fy + (dy * 100) / drag.height)));
      draw();
    } else if (drag.kind === "move") {
      put(drag.left + dx, drag.top + dy, drag.width, drag.height);
    } else {
      const west = drag.kind.includes("w"), north = drag.kind.includes("n");
      const width = Math.max(LEAST, Math.min(west ? drag.left + drag.width : 100 - drag.left, drag.width + (west ? -dx : dx)));
      const height = Math.max(LEAST, Math.min(north ? drag.top + drag.height : 100 - drag.top, drag.height + (north ? -dy : dy)));
      put(west ? drag.left + drag.width - width : drag.left, north ? drag.top + drag.height - height : drag.top, width, height);
    }
  });
  ["pointerup", "pointercancel"].forEach((name) => stage.addEventListener(name, () => { drag = null; }));
  form.addEventListener("click", (event) => {
    const chosen = event.target.closest("[data-crop-shape]");
    if (!chosen) return;
    shape = Number(chosen.dataset.cropShape);
    form.querySelectorAll("[data-crop-shape]").forEach((one) => one.setAttribute("aria-pressed", String(one === chosen)));
    if (shape) {
      const width = Math.min(100, (100 * shape) / ratio);
      put((100 - width) / 2, (100 - (width * ratio) / shape) / 2, width, (width * ratio) / shape);
    }
  });
  form.addEventListener("input", draw);
  draw();
})();
