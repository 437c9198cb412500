// <form data-filters>: its hidden fields follow the address, which the filters change without drawing this form anew.
(() => {
  const follow = () => document.querySelectorAll("form[data-filters]").forEach((form) => {
    const now = new URLSearchParams(location.search);
    form.querySelectorAll("input[type=hidden]:not([name=csrf_token], [data-fixed])").forEach((field) => { field.value = now.get(field.name) ?? ""; });
  });
  document.body.addEventListener("htmx:replacedInHistory", follow);
  document.body.addEventListener("htmx:pushedIntoHistory", follow);
})();
