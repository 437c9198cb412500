// A textarea with data-richtext becomes a rich-text editor; without script it stays a textarea with HTML.
(() => {
  const BUTTONS = ["bold", "italic", "|", "paragraph", "ul", "ol", "|", "link", "|", "eraser", "|", "undo", "redo"];
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
      disablePlugins: ["ai-assistant", "file", "image", "video", "iframe", "media", "powered-by-jodit"],
      uploader: { insertImageAsBase64URI: false },
    });
    area.editorInstance = editor;
    editor.editor.setAttribute("role", "textbox");
    editor.editor.setAttribute("aria-multiline", "true");
    if (area.matches(":disabled")) editor.editor.setAttribute("aria-readonly", "true");
    if (area.dataset.label) editor.editor.setAttribute("aria-label", area.dataset.label);
    editor.events.on("change", () => area.dispatchEvent(new Event("input", { bubbles: true })));
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
