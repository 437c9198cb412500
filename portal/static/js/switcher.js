// Narrow a list of links while typing: <input data-filter="#list">.
document.addEventListener("input", (event) => {
  const list = event.target.dataset?.filter && document.querySelector(event.target.dataset.filter);
  if (!list) return;
  const wanted = event.target.value.trim().toLocaleLowerCase();
  for (const item of list.children) item.hidden = !item.textContent.toLocaleLowerCase().includes(wanted);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.dataset?.filter) return;
  event.preventDefault();
  document.querySelector(`${event.target.dataset.filter} > :not([hidden]) a`)?.click();
});
