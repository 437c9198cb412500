// An expired sign-in opens the sign-in over the page and repeats what was refused: nothing typed is lost.
(() => {
  const body = document.body;
  const dialog = document.getElementById("reauth");
  let retry = null;

  const token = () => document.querySelector("meta[name=csrf-token]");
  const renew = (value) => {
    token().content = value;
    document.querySelectorAll("input[name=csrf_token]").forEach((input) => { input.value = value; });
    document.getElementById("main").setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": value }));
  };

  async function open(again) {
    retry = again;
    const answer = await fetch(body.dataset.signin, { headers: { "X-Requested-With": "reauth" } });
    document.getElementById("reauth-form").innerHTML = await answer.text();
    if (!dialog.open) dialog.showModal();
    dialog.querySelector("input[type=email], input[type=password]")?.focus();
  }

  dialog?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { "X-Requested-With": "reauth" } });
    if (answer.status === 204) {
      renew(answer.headers.get("X-CSRFToken"));
      dialog.close();
      retry?.();
      retry = null;
    } else {
      document.getElementById("reauth-form").innerHTML = await answer.text();
    }
  });

  body.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status !== 401) return;
    const { elt, requestConfig: config } = event.detail;
    open(() => htmx.ajax(config.verb, config.path, {
      source: elt, target: config.target, values: Object.fromEntries(config.formData ?? []),
    }));
  });
  body.addEventListener("rundbrief:expired", (event) => open(event.detail));
  // Every request carries the token that is valid now, also from forms that were drawn before a new sign-in.
  body.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-CSRFToken"] = token().content;
  });

  // What was clicked is what is sent, even if a swap took form or button out of the page while we asked.
  function send(form, submitter) {
    if (!form.isConnected) {
      form.hidden = true;
      body.append(form);
    }
    if (submitter && submitter.form !== form) {
      submitter.hidden = true;
      form.append(submitter);
    }
    if (form.elements.csrf_token) form.elements.csrf_token.value = token().content;
    form.dataset.alive = "1";
    form.requestSubmit(submitter ?? undefined);
    setTimeout(() => { delete form.dataset.alive; }, 0);
  }

  // Plain forms ask first whether the sign-in still holds; without script the server keeps its own answer.
  document.addEventListener("submit", async (event) => {
    const { target: form, submitter } = event;
    if (event.defaultPrevented || form.method !== "post" || form.closest("dialog") || form.hasAttribute("hx-post") || form.dataset.alive) return;
    event.preventDefault();
    if (form.dataset.asking) return;  // the first click is on its way
    form.dataset.asking = "1";
    const go = () => send(form, submitter);
    try {
      const answer = await fetch(body.dataset.alive, { headers: { "X-Requested-With": "alive" }, cache: "no-store" });
      if (answer.status === 401) open(go); else go();
    } catch {
      go();
    } finally {
      delete form.dataset.asking;
    }
  });
})();
