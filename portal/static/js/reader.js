// <iframe data-fit>: as high as the text in it, at every width. The document in it runs no script of its own.
(() => {
  document.querySelectorAll("iframe[data-fit]").forEach((frame) => {
    const fit = () => {
      const body = frame.contentDocument?.body;
      if (!body?.firstChild) return;
      frame.height = Math.ceil(body.getBoundingClientRect().height) + 8;
      if (!frame.dataset.watched) {
        frame.dataset.watched = "1";
        new ResizeObserver(fit).observe(body);
      }
    };
    frame.addEventListener("load", fit);
    fit();
  });
})();
