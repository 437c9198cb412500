// <form data-typing>: parts of the form are drawn anew after each change; what is typed while the answer is on its way
// stays, and is sent, too. A field is known again by its id, and only if the server drew it as it was sent.
(() => {
  const of = (element) => element?.closest?.("form[data-typing]");
  const value = (field) => (field.type === "checkbox" || field.type === "radio" ? field.checked : field.multiple
    ? [...field.selectedOptions].map((option) => option.value).join() : field.value);
  const put = (field, wanted) => {
    if (field.type === "checkbox" || field.type === "radio") field.checked = wanted;
    else if (field.multiple) [...field.options].forEach((option) => { option.selected = wanted.split(",").includes(option.value); });
    else field.value = wanted;
  };
  const shown = (form) => new Map([...form.elements].filter((field) => field.id && field.name).map((field) => [field.id, value(field)]));

  document.body.addEventListener("htmx:beforeRequest", (event) => {
    const form = of(event.detail.elt);
    if (form) event.detail.xhr.shownBefore = shown(form);
  });
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const form = of(event.detail.target), before = event.detail.xhr.shownBefore;
    if (!form || !before) return;
    event.detail.xhr.typedSince = [...shown(form)].filter(([id, now]) => before.has(id) && before.get(id) !== now);
  });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    const { shownBefore: before, typedSince: typed } = event.detail.xhr || {};
    if (!typed?.length) return;
    event.detail.xhr.typedSince = null;
    const fields = typed.map(([id, now]) => [document.getElementById(id), now]).filter(([field]) => field && value(field) === before.get(field.id));
    fields.forEach(([field, now]) => put(field, now));
    fields[0]?.[0].dispatchEvent(new Event("change", { bubbles: true }));
  });
})();
