// Review by keyboard: evidence follows the focus, candidates are one key, Ctrl+Enter registers.
"use strict";
(() => {
  const form = document.querySelector("#review");
  const line = (element) => element?.closest?.(".f[data-name]");
  const typing = (target) => target.matches("input:not([type=checkbox]), textarea, select");

  const light = (name) => {
    for (const box of document.querySelectorAll(".boxes g.on")) box.classList.remove("on");
    const boxes = [...document.querySelectorAll(".boxes g")].filter((box) => box.dataset.name === name);
    for (const box of boxes) box.classList.add("on");
    return boxes[0];
  };
  const show = (name) => {
    const box = light(name);
    const stage = document.querySelector("#stage");
    if (!box || !stage) return;
    const at = box.getBoundingClientRect(), frame = stage.getBoundingClientRect();
    if (at.top < frame.top + 20 || at.bottom > frame.bottom - 20) stage.scrollBy({ top: at.top - frame.top - frame.height / 3 });
    if (at.left < frame.left || at.right > frame.right) stage.scrollBy({ left: at.left - frame.left - frame.width / 3 });
  };
  const set = (row, value) => {
    const input = row.querySelector("[name^='f.']");
    if (input.tagName === "SELECT" && ![...input.options].some((o) => o.value === value)) input.add(new Option(value, value));
    input.value = value;
    input.focus();
  };
  const doubtful = () => [...form.querySelectorAll(".f.warn [name^='f.'], .f.bad [name^='f.']")];
  const nextDoubt = () => {
    const all = doubtful();
    const at = all.indexOf(document.activeElement);
    (all[(at + 1) % all.length] ?? form.querySelector("#enter"))?.focus();
  };
  const queueStep = (step) => {
    const links = [...document.querySelectorAll("#queue li > a")];
    const at = links.findIndex((link) => link.hasAttribute("aria-current"));
    links[at + step]?.click();
  };

  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "?" && !typing(event.target)) { document.querySelector("#keys")?.showModal(); event.preventDefault(); return; }
    if (event.key === "Escape" && typing(event.target)) { event.target.blur(); return; }
    if (!event.ctrlKey && !event.altKey && !event.metaKey && !typing(event.target)) {
      if (event.key === "j") queueStep(1);
      if (event.key === "k") queueStep(-1);
    }
    if (!form) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(form.querySelector("#enter")); }
    else if (event.altKey && event.code === "KeyS") { event.preventDefault(); document.querySelector("#later")?.click(); }
    else if (event.key === "F2") { event.preventDefault(); nextDoubt(); }
    else if (event.altKey && /^Digit[1-4]$/.test(event.code)) {
      const buttons = line(document.activeElement)?.querySelectorAll("button[name=take]") ?? [];
      const button = buttons[Number(event.code.at(-1)) - 1];
      if (button) { event.preventDefault(); button.click(); }
    }
    // Enter alone goes on to the next field: only Ctrl+Enter may register a paper.
    else if (event.key === "Enter" && event.target.matches("#review input:not([type=checkbox])")) { event.preventDefault(); nextDoubt(); }
  });

  document.querySelector("#help")?.addEventListener("click", () => document.querySelector("#keys").showModal());
  if (!form) return;
  form.addEventListener("focusin", (event) => { const row = line(event.target); if (row) show(row.dataset.name); });
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button[name=take]");
    const row = line(button);
    if (row) { event.preventDefault(); set(row, button.value.slice(row.dataset.name.length + 1)); }
    if (event.target.closest(".crop")) { show(line(event.target).dataset.name); line(event.target).querySelector("[name^='f.']").focus(); }
  });
  form.addEventListener("submit", () => setTimeout(() => { for (const one of form.querySelectorAll(".ff button")) one.disabled = true; }));
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  const first = doubtful()[0];
  if (first && document.activeElement === first) show(line(first).dataset.name);

  // The image of the next paper is on its way before it is asked for.
  const later = document.querySelector("#later");
  if (later) addEventListener("load", () => { new Image().src = later.dataset.image; });
})();
