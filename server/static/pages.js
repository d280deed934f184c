// The page images of a document: turn over, zoom, boxes, text. Everything hangs on the document: the pages are swapped.
"use strict";
(() => {
  const stage = () => document.querySelector("#stage");
  const sheets = () => [...document.querySelectorAll("#stage .page")];
  const zoom = () => document.querySelector("#zoom");
  const scroller = () => (stage().scrollHeight > stage().clientHeight + 2 ? stage() : document.scrollingElement);

  const current = () => {
    const top = stage().getBoundingClientRect().top + 40;
    const found = sheets().findLastIndex((sheet) => sheet.getBoundingClientRect().top <= top);
    return Math.max(found, 0);
  };
  const turn = (step) => {
    const all = sheets();
    const target = all[Math.min(Math.max(current() + step, 0), all.length - 1)];
    if (target) scroller().scrollBy({ top: target.getBoundingClientRect().top - stage().getBoundingClientRect().top - 8 });
  };
  const tell = () => {
    const where = document.querySelector("#where");
    if (where) where.firstChild.data = where.firstChild.data.replace(/\d+/, String(current() + 1));
  };
  const resize = (step) => {
    const next = zoom().selectedIndex + step;
    if (next >= 0 && next < zoom().options.length) zoom().selectedIndex = next;
    zoom().dispatchEvent(new Event("change", { bubbles: true }));
  };

  document.addEventListener("change", (event) => {
    // :has() looks at which option was selected in the source; keep that in step with what is selected now.
    if (event.target === zoom()) for (const option of zoom().options) option.toggleAttribute("selected", option.index === zoom().selectedIndex);
  });
  document.addEventListener("scroll", (event) => { if (event.target === stage()) tell(); }, { passive: true, capture: true });
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-page], [data-zoom]");
    if (button?.dataset.page) turn(Number(button.dataset.page));
    if (button?.dataset.zoom) resize(Number(button.dataset.zoom));
  });
  document.addEventListener("keydown", (event) => {
    if (!stage() || document.querySelector("dialog[open]")) return;
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("input:not([type=checkbox], [type=radio]), textarea, select")) return;
    const key = event.key.toLowerCase();
    if (key === "[") turn(-1);
    else if (key === "]") turn(1);
    else if (key === "+" || key === "=") resize(1);
    else if (key === "-") resize(-1);
    else if (key === "e") document.querySelector("#boxes").click();
    else if (key === "t") document.querySelector("#ocr").click();
    else return;
    event.preventDefault();
  });
  window.pageInView = () => sheets()[current()];
})();
