// The decision beside the paper: a deadline with one click, Ctrl+Enter sends, J and K open the next and the one before.
"use strict";
(() => {
  const form = document.querySelector("#decide");
  const queue = [...document.querySelectorAll("nav.q a")];
  const here = queue.findIndex((link) => link.hasAttribute("aria-current"));
  document.addEventListener("click", (event) => {
    const offer = event.target.closest("[data-due]");
    if (!offer || !form) return;
    form.due.value = offer.dataset.due;
    form.due.focus();
  });
  document.addEventListener("keydown", (event) => {
    if (form?.offsetParent && event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(); return; }
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("input:not([type=checkbox]), textarea, select")) return;
    const step = { j: 1, k: -1 }[event.key.toLowerCase()];
    const next = step && queue[here + step];
    if (next) { event.preventDefault(); next.click(); }
  });
})();
