// The scanner: keys for the pages, a page seen large, only what the chosen scanner can do. Buttons do all of it, too.
"use strict";
(() => {
  const how = document.querySelector("#how");
  const large = document.querySelector("#large");
  if (!how) return;
  const links = () => [...document.querySelectorAll("#batch a.pic")];
  const pressed = (id) => { const button = document.querySelector(id); if (button && !button.disabled) button.click(); };

  // What a scanner has not got cannot be chosen; what was chosen of it gives way to the first it has.
  const fit = () => {
    const option = document.querySelector("#device")?.selectedOptions[0];
    if (!option || option.dataset.sources === undefined) return;
    for (const [name, known] of [["source", option.dataset.sources], ["colour", option.dataset.colours]]) {
      const words = known.split(" ").filter(Boolean), all = [...how.querySelectorAll(`[name=${name}]`)];
      if (!words.length) continue;
      for (const one of all) one.disabled = !words.includes(one.value);
      if (all.some((one) => one.checked && one.disabled)) all.find((one) => !one.disabled).checked = true;
    }
    const dots = option.dataset.dots.split(" ").filter(Boolean), select = how.querySelector("#resolution");
    for (const one of select.options) one.disabled = dots.length > 0 && !dots.includes(one.value);
    if (select.selectedOptions[0]?.disabled) select.value = dots.includes("300") ? "300" : dots[0];
  };
  const settle = () => {
    fit();
    const running = !!document.querySelector("#batch[hx-get]"), button = how.querySelector("#scan");
    if (how.action.endsWith("/go")) button.disabled = running;
    button.classList.toggle("go", !running && !document.querySelector("#receive:not([disabled])"));
  };
  how.addEventListener("change", fit);
  how.addEventListener("focusin", (event) => {
    if (event.target.name === "every") how.querySelector("#every-on").checked = true;
  });
  how.addEventListener("submit", (event) => {
    // A second press of Nhận or Quét while the first is under way does nothing.
    if (how.dataset.sent) { event.preventDefault(); return; }
    how.dataset.sent = "1";
  });
  addEventListener("pageshow", () => delete how.dataset.sent);
  new MutationObserver(settle).observe(document.querySelector("#main"), { childList: true, subtree: true, attributes: true, attributeFilter: ["hx-get"] });
  settle();

  let at = 0;
  const open = (place) => {
    const all = links();
    if (!all.length) return;
    at = (place + all.length) % all.length;
    const image = large.querySelector("img"), link = all[at];
    image.src = link.href;
    image.alt = link.getAttribute("aria-label");
    image.className = link.className.match(/t\d+/)[0];
    large.querySelector("span").textContent = `${at + 1} / ${all.length}`;
    if (!large.open) large.showModal();
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("#batch a.pic");
    if (link) { event.preventDefault(); open(links().indexOf(link)); }
    const step = event.target.closest("[data-large]");
    if (step) open(at + Number(step.dataset.large));
    if (event.target === large) large.close();
  });
  large.addEventListener("close", () => links()[at]?.focus());

  const doing = (key, event) => {
    if (key === "x" || key === "delete") return "out";
    if (key === "r") return event.shiftKey ? "left" : "right";
    if (key === "n") return "file";
    if (event.altKey && key === "arrowleft") return "earlier";
    if (event.altKey && key === "arrowright") return "later";
    return null;
  };
  document.addEventListener("keydown", (event) => {
    const key = event.key.toLowerCase();
    if (large.open) {
      if (key === "arrowleft" || key === "arrowright") { event.preventDefault(); open(at + (key === "arrowleft" ? -1 : 1)); }
      return;
    }
    if (key === "enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); pressed("#receive"); return; }
    if (key === "enter" && event.target.name === "every") { event.preventDefault(); event.target.blur(); return; }
    if (event.ctrlKey || event.metaKey || event.target.matches("input:not([type=checkbox], [type=radio]), textarea, select")) return;
    if (key === "q" && !event.altKey) { event.preventDefault(); pressed("#scan"); return; }
    const link = event.target.closest?.("#batch .leaf")?.querySelector("a.pic");
    if (!link) return;
    const what = doing(key, event);
    if (what) { event.preventDefault(); link.focus(); link.closest(".leaf").querySelector(`[data-do=${what}]`)?.click(); return; }
    if (!event.altKey && (key === "arrowleft" || key === "arrowright")) {
      event.preventDefault();
      links()[links().indexOf(link) + (key === "arrowleft" ? -1 : 1)]?.focus();
    }
  });
})();
