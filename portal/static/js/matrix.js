// The tick of an area takes all its rights with it.
document.querySelectorAll("[data-module]").forEach((row) => {
  const all = row.querySelector("[data-module-all]");
  const rights = [...row.querySelectorAll("input[name=permission]")];
  all.addEventListener("change", () => rights.forEach((box) => { box.checked = all.checked; }));
  row.addEventListener("change", (event) => { if (event.target !== all) all.checked = rights.some((box) => box.checked); });
});
