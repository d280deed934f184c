// Everywhere: say that scripts run, "/" goes to the search box, htmx sends the CSRF token.
"use strict";
document.documentElement.classList.add("js");

const csrf = () => document.querySelector('meta[name="csrf"]')?.content ?? "";
const typing = (target) => target.matches?.("input:not([type=checkbox]), textarea, select, [contenteditable]");

document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !typing(event.target) && !event.ctrlKey && !event.metaKey) {
    const box = document.querySelector("#q") ?? document.querySelector("#find");
    if (box) { event.preventDefault(); box.focus(); box.select(); }
  }
  if (event.key === "Escape") document.querySelector("details.who[open]")?.removeAttribute("open");
});
document.addEventListener("click", (event) => {
  const menu = document.querySelector("details.who[open]");
  if (menu && !menu.contains(event.target)) menu.removeAttribute("open");
});
document.addEventListener("htmx:config:request", (event) => {
  // A tab nobody looks at does not ask for the queue.
  if (document.hidden && event.target.id === "queue") { event.preventDefault(); return; }
  event.detail.ctx.request.headers["X-CSRF-Token"] = csrf();
});
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});
// On a narrow screen the tabs are a strip: the one that is open stands in sight.
addEventListener("load", () => {
  const strip = document.querySelector("nav.main"), here = strip?.querySelector("[aria-current]");
  if (here) strip.scrollLeft = here.offsetLeft - (strip.clientWidth - here.clientWidth) / 2;
});
