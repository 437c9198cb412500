// Evaluated in a page: what is wrong with it as a document, and what a reader reads on it. Returns {faults, texts, links}.
() => {
  const faults = [];
  const nameOf = (e) => {
    const id = e.id ? `#${e.id}` : "";
    const kind = typeof e.className === "string" && e.className ? `.${e.className.trim().split(/\s+/).join(".")}` : "";
    return `<${e.localName}${id}${kind}> ${(e.textContent || "").trim().replace(/\s+/g, " ").slice(0, 40)}`;
  };
  const shown = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: false });
  const hiddenOnPurpose = (e) => e.closest(".visually-hidden, .skip, [popover]:not(:popover-open), dialog:not([open])");
  const all = [...document.body.querySelectorAll("*")];

  if (!document.title.trim()) faults.push("no title");
  const heads = [...document.querySelectorAll("h1")].filter(shown);
  if (heads.length !== 1) faults.push(`${heads.length} h1: ${heads.map(nameOf).join(" | ")}`);

  const ids = new Map();
  for (const e of document.querySelectorAll("[id]")) ids.set(e.id, (ids.get(e.id) ?? 0) + 1);
  for (const [id, count] of ids) if (count > 1 || !id) faults.push(`id ${id} stands ${count} times`);

  for (const e of document.querySelectorAll("input:not([type=hidden], [type=submit]), select, textarea")) {
    if (!shown(e)) continue;
    const words = [...(e.labels ?? [])].map((label) => label.textContent.trim()).join("");
    const by = (e.getAttribute("aria-labelledby") ?? "").split(/\s+/).some((id) => id && document.getElementById(id)?.textContent.trim());
    if (!words && !by && !e.getAttribute("aria-label")) faults.push(`field without a label: ${nameOf(e)} name=${e.name}`);
  }

  // Sideways: the page itself never, a part only where it scrolls, text only where it ends in dots on purpose.
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) {
    const wide = all.filter((e) => shown(e) && !hiddenOnPurpose(e) && e.getBoundingClientRect().right > root.clientWidth + 1);
    faults.push(`page is ${root.scrollWidth} wide in ${root.clientWidth}: ${wide.slice(-3).map(nameOf).join(" | ")}`);
  }
  for (const e of all) {
    if (e instanceof SVGElement || e.matches("iframe, select, input, textarea, progress, meter, option") || !shown(e) || hiddenOnPurpose(e)) continue;
    const style = getComputedStyle(e);
    if (style.webkitLineClamp !== "none") continue;
    if (/hidden|clip/.test(style.overflowX) && style.textOverflow !== "ellipsis" && e.clientWidth > 1 && e.scrollWidth > e.clientWidth + 1)
      faults.push(`cut off: ${nameOf(e)}`);
    if (/hidden|clip/.test(style.overflowY) && style.display !== "inline" && e.clientHeight > 1 && e.scrollHeight > e.clientHeight + 2)
      faults.push(`cut off below: ${nameOf(e)}`);
  }

  // Text that runs out of the box it stands in, although nothing cuts it off.
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts = new Set();
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.data.trim().replace(/\s+/g, " ");
    const parent = node.parentElement;
    if (!text || parent.closest("script, style, template, noscript")) continue;
    if (!parent.closest("[lang]:not(html), [translate=no]")) texts.add(text);
    const box = parent.closest(".card, .btn, .rb-note, .rb-pop, .rb-state, .rb-seg, td, th, li, button, main");
    if (!box || !shown(parent) || hiddenOnPurpose(parent) || parent.closest("svg, .jodit-container, select, textarea")) continue;
    let clipped = false;
    for (let e = parent; e && e !== box.parentElement; e = e.parentElement) clipped ||= getComputedStyle(e).overflowX !== "visible";
    if (clipped || getComputedStyle(parent).position === "absolute") continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const right = Math.max(...[...range.getClientRects()].map((r) => r.right));
    if (right > box.getBoundingClientRect().right + 1.5) faults.push(`runs out of ${nameOf(box)}: ${text.slice(0, 40)}`);
  }
  for (const e of document.querySelectorAll("[aria-label], [title], [placeholder], img[alt], optgroup[label]"))
    for (const key of ["aria-label", "title", "placeholder", "alt", "label"]) if (e.getAttribute(key)?.trim()) texts.add(e.getAttribute(key).trim());
  texts.add(document.title);

  const links = [...document.querySelectorAll("a[href]:not([download], [target=_blank])")].map((a) => a.href).filter((href) => href.startsWith(location.origin));
  return { faults, texts: [...texts], links };
}
