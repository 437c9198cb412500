// The switch of an area takes its rights with it; the sentences beside follow the ticks.
document.querySelectorAll("[data-matrix]").forEach((form) => {
  const boxes = (root) => [...root.querySelectorAll("input[name=permission]")];
  const tell = () => {
    const granted = new Set(boxes(form).filter((box) => box.checked).map((box) => box.value));
    form.querySelectorAll("[data-says]").forEach((line) => { line.hidden = !granted.has(line.dataset.says); });
    form.querySelector("[data-says-nothing]").hidden = granted.size > 0;
    form.querySelector("[data-unsaved]").hidden = boxes(form).every((box) => box.checked === box.defaultChecked);
  };
  form.querySelectorAll("[data-module]").forEach((row) => {
    const all = row.querySelector("[data-module-all]");
    const rights = boxes(row);
    row.addEventListener("change", (event) => {
      if (event.target !== all) {
        all.checked = rights.some((box) => box.checked);
      } else if (all.checked) {
        const before = rights.filter((box) => box.defaultChecked);
        (before.length ? before : rights.filter((box) => !box.disabled).slice(0, 1)).forEach((box) => { box.checked = true; });
      } else {
        rights.forEach((box) => { box.checked = false; });
      }
      row.classList.toggle("off", !all.checked);
      tell();
    });
  });
});
