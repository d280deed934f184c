// The search page: one entry of the history for each search at rest, keys through the results, what was found said aloud.
"use strict";
(() => {
  const REST = 1500;
  const box = () => document.querySelector("#q");
  const links = () => [...document.querySelectorAll("#hits h2 a")];
  let resting = true, timer, focused = "";

  const rest = () => { clearTimeout(timer); resting = true; };
  const restSoon = () => { clearTimeout(timer); timer = setTimeout(rest, REST); };
  const ours = (detail) => detail.ctx?.sourceElement?.id === "search" || detail.sourceElement?.id === "search";

  document.addEventListener("input", (event) => {
    if (event.target.id === "q") restSoon();
  });
  // Somebody chose (a facet, a sort, Enter): that is a step of its own to come back to.
  document.addEventListener("submit", (event) => { if (event.target.id === "search") rest(); }, true);

  document.addEventListener("htmx:config:request", (event) => {
    if (!ours(event.detail)) return;
    const body = event.detail.ctx.request.body;
    for (const [name, value] of [...(body?.entries?.() ?? [])]) if (!value.trim()) body.delete(name);
  });
  document.addEventListener("htmx:before:history:update", (event) => {
    if (!ours(event.detail)) return;
    // Not a step for each letter: the first change after a rest is one, the others rewrite it.
    const step = event.detail.history;
    if (resting && step.path !== location.pathname + location.search) step.type = "push";
    resting = false;
    restSoon();
  });
  document.addEventListener("htmx:before:request", (event) => {
    if (ours(event.detail)) document.querySelector("#results")?.setAttribute("aria-busy", "true");
  });
  document.addEventListener("htmx:before:swap", () => { focused = document.activeElement?.id ?? ""; });
  document.addEventListener("htmx:after:swap", () => {
    const told = document.querySelector("#told"), count = document.querySelector("#count");
    if (told && told.textContent !== (count?.innerText ?? "")) told.textContent = count?.innerText ?? "";
    if (box()?.value) document.title = document.title.replace(/^.*? –/, `${box().value} –`);
    if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus({ preventScroll: true });
  });

  const step = (by) => {
    const all = links(), at = all.indexOf(document.activeElement);
    const next = at < 0 && by < 0 ? -1 : at + by;
    if (next < 0) { box()?.focus(); return; }
    all[Math.min(next, all.length - 1)]?.focus();
    document.activeElement?.closest(".hit")?.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !document.querySelector("#results")) return;
    const inBox = event.target.id === "q";
    if (event.target.matches("input, textarea, select") && !inBox) return;
    if (event.key === "ArrowDown" || (!inBox && event.key === "j")) step(1);
    else if (!inBox && (event.key === "ArrowUp" || event.key === "k")) step(-1);
    else return;
    event.preventDefault();
  });
})();
