// A textarea with data-richtext becomes a rich-text editor; without script it stays a textarea with HTML.
(() => {
  const BUTTONS = ["bold", "italic", "|", "paragraph", "ul", "ol", "|", "link", "|", "eraser", "|", "undo", "redo"];
  // Only what is kept when the text is saved (domain/content/markup.py): three headings, plain lists, links without more.
  const atom = (value) => Jodit.atom ? Jodit.atom(value) : value;
  const offered = () => ({
    controls: {
      paragraph: { list: atom({ p: "Paragraph", h2: "Heading 2", h3: "Heading 3", h4: "Heading 4", blockquote: "Quote" }) },
      ul: { list: null }, ol: { list: null },
    },
    link: { noFollowCheckbox: false, openInNewTabCheckbox: false, modeClassName: false },
    popup: { a: atom([{ name: "link", tooltip: "Edit link", icon: "pencil" }, "unlink"]) },
    i18n: {
      de: { "Heading 2": "Überschrift", "Heading 3": "Zwischenüberschrift", "Heading 4": "Kleine Überschrift",
        "Insert format block": "Absatz oder Überschrift", "Insert Unordered List": "Aufzählung",
        "Insert Ordered List": "Nummerierte Liste", "Insert link": "Link", URL: "Adresse" },
      en: { "Heading 2": "Heading", "Heading 3": "Subheading", "Heading 4": "Small heading",
        "Insert format block": "Paragraph or heading", "Insert Unordered List": "Bullet list",
        "Insert Ordered List": "Numbered list", "Insert link": "Link", URL: "Address", "Clear Formatting": "Clear formatting" },
    },
  });

  // By the label on the page: a name of its own would be shown by the editor as a tooltip over the text.
  function name(area, root) {
    const label = area.labels?.[0];
    if (!label) return area.dataset.label && root.setAttribute("aria-label", area.dataset.label);
    label.id ||= `${area.id}-label`;
    root.setAttribute("aria-labelledby", label.id);
    root.removeAttribute("aria-label");
    label.addEventListener("click", () => root.focus());
  }

  // Placeholders that exist stand out, by the highlights of the browser: the text itself gets no tag for it.
  const marks = typeof Highlight === "function" && CSS.highlights ? new Highlight() : null;
  if (marks) CSS.highlights.set("rb-placeholder", marks);
  let frame = 0;
  function mark() {
    if (!marks) return;
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => {
      const names = new Set([...document.querySelectorAll("[data-placeholders] option")].map((one) => one.value.slice(1, -1).split("|")[0]));
      marks.clear();
      document.querySelectorAll(".jodit-wysiwyg").forEach((root) => {
        const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT), nodes = [];
        let text = "";
        while (walk.nextNode()) {
          nodes.push([text.length, walk.currentNode]);
          text += walk.currentNode.data;
        }
        // the editor cuts texts into pieces where the cursor stood: a placeholder may begin in one and end in another
        const at = (place) => { const [from, node] = nodes.findLast(([begin]) => begin <= place); return [node, place - from]; };
        for (const found of text.matchAll(/\[([^[\]|]{1,80})(?:\|[^[\]]*)?\]/g)) {
          if (!names.has(found[1].trim())) continue;
          const range = new Range();
          range.setStart(...at(found.index));
          const [node, last] = at(found.index + found[0].length - 1);
          range.setEnd(node, last + 1);
          marks.add(range);
        }
      });
    });
  }

  function dress(area) {
    if (area.dataset.dressed || typeof Jodit === "undefined") return;
    area.dataset.dressed = "1";
    const editor = Jodit.make(area, {
      language: area.dataset.richtext || "de",
      buttons: BUTTONS, buttonsMD: BUTTONS, buttonsSM: BUTTONS, buttonsXS: BUTTONS,
      toolbarAdaptive: false, showCharsCounter: false, showWordsCounter: false, showXPathInStatusbar: false, statusbar: false,
      sourceEditor: "area", beautifyHTML: false, askBeforePasteHTML: false, askBeforePasteFromWord: false,
      defaultActionOnPaste: "insert_as_html", addNewLine: false, hidePoweredByJodit: true, showPlaceholder: false,
      readonly: area.matches(":disabled"), minHeight: Number(area.rows || 6) * 22, height: "auto",
      // "search": the browser's own is better, and this one takes away the highlights of all others
      disablePlugins: ["ai-assistant", "file", "image", "video", "iframe", "media", "powered-by-jodit", "search"],
      uploader: { insertImageAsBase64URI: false },
      ...offered(),
    });
    area.editorInstance = editor;
    editor.editor.setAttribute("role", "textbox");
    editor.editor.setAttribute("aria-multiline", "true");
    if (area.matches(":disabled")) editor.editor.setAttribute("aria-readonly", "true");
    name(area, editor.editor);
    editor.events.on("change", () => area.dispatchEvent(new Event("input", { bubbles: true })));
    new MutationObserver(mark).observe(editor.editor, { childList: true, subtree: true, characterData: true });
    mark();
    area.closest("form")?.addEventListener("submit", () => { area.value = editor.value; });
  }
  const all = (root) => root.querySelectorAll("textarea[data-richtext]").forEach(dress);
  all(document);
  document.body.addEventListener("htmx:afterSettle", (event) => all(document));

  // Placeholder palette: <select data-placeholders="#id-of-field"> puts its value where the cursor is.
  document.addEventListener("change", (event) => {
    const palette = event.target.closest("[data-placeholders]");
    if (!palette || !palette.value) return;
    const field = document.querySelector(palette.dataset.placeholders);
    if (field?.editorInstance) field.editorInstance.s.insertHTML(palette.value);
    else if (field) {
      field.setRangeText(palette.value, field.selectionStart, field.selectionEnd, "end");
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    palette.value = "";
    field?.focus();
  });
})();
