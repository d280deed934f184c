// Review by keyboard. Evidence follows the focus, candidates are one key, Ctrl+Enter registers, and the next paper
// stands there without a new page: its picture came before, its form comes with the answer, so it is never out of date.
// Everything hangs on the document, so that what is swapped leaves nothing behind.
"use strict";
(() => {
  const $ = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const form = () => $("#review");
  const line = (element) => element?.closest?.(".f[data-name]");
  const typing = (target) => target.matches?.("input:not([type=checkbox], [type=radio]), textarea, select");
  const input = (row) => $("[name^='f.']", row);
  const say = (words) => { const live = $("#live"); live.textContent = ""; requestAnimationFrame(() => { live.textContent = words; }); };

  // ---------------------------------------------------------------- evidence and fields

  const show = (name, jump = false) => {
    for (const box of all(".boxes g.on")) box.classList.remove("on");
    const boxes = all(".boxes g").filter((box) => box.dataset.name === name);
    for (const box of boxes) box.classList.add("on");
    if (!boxes[0]) return;
    if (jump && $("#side-page")?.offsetParent) { $("#side-page").checked = true; boxes[0].scrollIntoView({ block: "center", inline: "center" }); }
    const stage = $("#stage"), at = boxes[0].getBoundingClientRect(), frame = stage.getBoundingClientRect();
    if (at.top < frame.top + 20 || at.bottom > frame.bottom - 20) stage.scrollBy({ top: at.top - frame.top - frame.height / 3 });
    if (at.left < frame.left || at.right > frame.right) stage.scrollBy({ left: at.left - frame.left - frame.width / 3 });
  };
  const go = (field) => {
    field.focus({ preventScroll: true });
    field.select?.();
    (line(field) ?? field).scrollIntoView({ block: "nearest" });
  };
  const doubtful = () => all(".f.warn, .f.bad", form()).map(input);
  const nextDoubt = () => {
    const every = doubtful(), at = every.indexOf(document.activeElement);
    const after = [...every.slice(at + 1), ...every.slice(0, at)].find((one) => !line(one).classList.contains("seen"));
    go(after ?? $("#enter"));
  };
  const see = (row) => {
    if (!row || row.classList.contains("seen") || !row.matches(".warn, .bad")) return;
    row.classList.add("seen");
    const left = all(".f.warn:not(.seen), .f.bad:not(.seen)", form()).length, told = $("#left");
    const pill = $(".st", told);
    pill.className = `st ${left ? "warn" : "ok"}`;
    pill.replaceChildren(left ? `⚠ ${told.dataset.left.replace("{}", left)}` : `✓ ${told.dataset.done}`);
  };
  const take = (button) => {
    const row = line(button), field = input(row), value = button.value.slice(row.dataset.name.length + 1);
    if (field.tagName === "SELECT" && ![...field.options].some((one) => one.value === value)) field.add(new Option(value, value));
    field.value = value;
    see(row);
    field.focus();
    say(`${$("label", row).textContent}: ${value}`);
  };

  // ---------------------------------------------------------------- what was typed and not sent

  const drafts = new Map();
  const values = () => new Map(all("[name^='f.']", form()).map((one) => [one.name, one.value]));
  let first = new Map();
  const leave = () => {
    if (!form()) return;
    const typed = [...values()].filter(([name, value]) => first.get(name) !== value);
    const key = form().getAttribute("action");
    drafts.delete(key);
    if (typed.length) drafts.set(key, { version: $("[name=version]", form()).value, typed });
    if (drafts.size > 40) drafts.delete(drafts.keys().next().value);
  };
  const come = () => {
    first = form() ? values() : new Map();
    const draft = form() && drafts.get(form().getAttribute("action"));
    if (draft?.version !== ($("[name=version]", form() ?? document)?.value ?? null)) return "";
    for (const [name, value] of draft.typed) $(`[name="${name}"]`, form()).value = value;
    return ` ${$("#live").dataset.draft}`;
  };

  // ---------------------------------------------------------------- from one paper to the next

  let ahead = null;  // the picture of the next paper, decoded
  let asking = null;
  let sending = false;

  const fetchAhead = () => {
    const src = $("#later")?.dataset.image;
    if (!src || ahead?.dataset.src === src) return;
    ahead = new Image();
    ahead.dataset.src = src;
    ahead.src = src;
    ahead.decode().catch(() => {});  // a picture that cannot be had is said by the page itself
  };
  const withPicture = (main) => {
    const picture = $("#trang-1 img", main);
    if (!picture || picture.getAttribute("src") !== ahead?.dataset.src) return;
    for (const { name, value } of picture.attributes) if (name !== "src") ahead.setAttribute(name, value);
    picture.replaceWith(ahead);
    ahead = null;
  };
  const withView = (main) => {
    for (const id of ["boxes", "ocr"]) if ($(`#${id}`) && $(`#${id}`, main)) $(`#${id}`, main).checked = $(`#${id}`).checked;
    if ($("#zoom") && $("#zoom", main)) {
      const at = $("#zoom").selectedIndex;
      for (const option of $("#zoom", main).options) option.toggleAttribute("selected", option.index === at);
      $("#zoom", main).selectedIndex = at;
    }
  };
  const withQueue = (main) => {
    const queue = $("#queue"), came = $("#queue", main);
    came.remove();
    queue.setAttribute("hx-get", came.getAttribute("hx-get"));
    $(".qh", queue).replaceWith($(".qh", came));
    const old = $("ol, .more", queue), list = $("ol, .more", came);
    const kept = new Map(all("li", old).map((item) => [item.id, item]));
    for (const item of all("li", list)) {  // what is the same stays: no picture of it is loaded again
      const same = kept.get(item.id);
      if (same?.isEqualNode(item)) item.replaceWith(same);
    }
    old.replaceWith(list);
    const here = $("[aria-current]", list), frame = queue.getBoundingClientRect(), at = here?.getBoundingClientRect();
    if (at && (at.top < frame.top + 60 || at.bottom > frame.bottom)) here.scrollIntoView({ block: "nearest" });
  };
  const put = (text, url, { push, sent }) => {
    const came = new DOMParser().parseFromString(text, "text/html"), main = $("main.rev", came);
    if (!main || !$("#queue", main) || !$("#review, #waiting, #none", main)) return false;
    if (!sent) leave();
    const inView = new URL(url).pathname === location.pathname && window.pageInView?.()?.id;
    withView(main);
    withPicture(main);
    const here = $("#main");
    withQueue(main);
    for (const one of [...here.children]) if (one.id !== "queue") one.remove();
    here.className = main.className;
    here.append(...main.children);
    $("header nav.main")?.replaceWith($("header nav.main", came));
    document.title = came.title;
    if (push && new URL(url).pathname !== location.pathname) history.pushState(null, "", url);
    else history.replaceState(null, "", url);
    begin();
    if (inView) $(`#${inView}`)?.scrollIntoView({ block: "start", behavior: "instant" });
    return true;
  };
  const begin = (focus = true) => {
    const draft = come();
    const asks = $("#error")?.dataset.asks;
    const target = (asks && $(`#review [name=${asks}]`)) || ((form() ? doubtful()[0] : null) ?? $(".form h1, #none a.go") ?? $("#none h1") ?? $("#stage"));
    const byThumb = matchMedia("(pointer: coarse)").matches && typing(target ?? document.body);
    if (focus && target) byThumb ? $(".form h1").focus() : go(target);
    const row = line(document.activeElement);
    if (row) show(row.dataset.name);
    if (focus) say(($("#review, #waiting, #none")?.dataset.say ?? "") + draft);
    // After the paint: the picture of the paper after this one, and word to the others that this one is open here.
    requestAnimationFrame(() => setTimeout(() => { fetchAhead(); $("#queue")?.dispatchEvent(new Event("refresh")); }));
  };
  const ask = async (url, options = {}, push = true) => {
    asking?.abort();
    asking = new AbortController();
    const mine = asking;
    $("#main").setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(url, { ...options, signal: mine.signal });
      const text = await answer.text();
      if (mine !== asking) return;
      if (put(text, answer.url, { push, sent: options.method === "POST" })) return;
      if (answer.ok) location.assign(answer.url);
      else complain(text);
    } catch (error) {
      if (error.name !== "AbortError") complain("");
    } finally {
      if (mine === asking) { $("#main").removeAttribute("aria-busy"); asking = null; }
    }
  };
  const complain = (text) => {
    const sentence = text && $("main p", new DOMParser().parseFromString(text, "text/html"))?.textContent;
    const words = sentence || (text ? $("#live").dataset.failed : $("#live").dataset.lost);
    $("#refused")?.remove();
    const box = Object.assign(document.createElement("div"), { id: "refused", className: "say bad", textContent: `✕ ${words}` });
    $(".form .fb")?.prepend(box);
    box.scrollIntoView({ block: "nearest" });
    say(words);
  };
  const send = async (sent, button) => {
    if (sending) return;
    sending = true;
    const body = new URLSearchParams(new FormData(sent, button));
    const buttons = all(".ff button", sent);
    // Only once the values are taken; a button that has the focus must not lose it to nobody.
    for (const one of buttons) one.setAttribute("aria-disabled", "true");
    try { await ask(button?.getAttribute("formaction") ?? sent.getAttribute("action"), { method: "POST", body }); }
    finally { sending = false; for (const one of buttons) one.removeAttribute("aria-disabled"); }
  };
  const open = (link) => { if (!sending) ask(link.href); };
  const queueStep = (step) => {
    const links = all("#queue li > a[href*='/review/']");
    const link = links[links.findIndex((one) => one.hasAttribute("aria-current")) + step];
    if (link) open(link);
  };
  const tool = (name, page = window.pageInView?.()) => {
    const button = page && $(`[data-tool=${name}]`, page);
    if (button) button.form.requestSubmit(button);
    return Boolean(button);
  };

  // ---------------------------------------------------------------- keys

  const onPage = {
    j: () => queueStep(1), k: () => queueStep(-1), r: () => tool("right"), R: () => tool("left"), x: () => tool("split"),
    m: () => tool("merge", $("#trang-1")), "?": () => $("#keys")?.showModal(),
  };
  const withAlt = {
    KeyS: () => { const later = $("#later"); if (later) open(later); }, ArrowUp: () => tool("up"), ArrowDown: () => tool("down"),
  };
  document.addEventListener("keydown", (event) => {
    if ($("dialog[open]") || event.isComposing) return;
    const wrote = typing(event.target), strong = event.ctrlKey || event.metaKey;
    const done = () => event.preventDefault();
    if (event.key === "Escape" && wrote) { event.target.blur(); return; }
    // A key that is held down would do to the next paper what was meant for this one.
    if (event.repeat && (strong || event.altKey || (!wrote && "rRxm".includes(event.key)))) { done(); return; }
    if (strong && event.key === "Enter" && form()) { done(); form().requestSubmit($("#enter")); return; }
    if (strong && event.key.toLowerCase() === "z" && !wrote && $("#undo")) { done(); $("#undo").requestSubmit(); return; }
    if (strong) return;
    if (event.altKey) {
      const digit = /^Digit([1-4])$/.exec(event.code)?.[1], row = line(document.activeElement);
      const button = digit && row && all("button[name=take]", row)[digit - 1];
      if (button) { done(); take(button); }
      else if (withAlt[event.code]) { done(); withAlt[event.code](); }
      return;
    }
    if (form() && event.key === "F2") { done(); nextDoubt(); return; }
    // Enter alone goes on to the next field: only Ctrl+Enter may register a paper.
    if (event.key === "Enter" && !event.shiftKey && event.target.matches("#review input:not([type=checkbox], [type=radio]), #review textarea")) {
      done(); see(line(event.target)); nextDoubt(); return;
    }
    if (!wrote && onPage[event.key]) { done(); onPage[event.key](); }
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("#help")) { $("#keys").showModal(); return; }
    const button = event.target.closest("button[name=take]");
    if (line(button)) { event.preventDefault(); take(button); return; }
    if (event.target.closest(".crop")) { show(line(event.target).dataset.name, true); if (!$("#side-page")?.checked) input(line(event.target)).focus(); return; }
    const link = event.target.closest("#queue li > a[href*='/review/'], #later, #waiting .btns a");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) { event.preventDefault(); open(link); }
  });
  document.addEventListener("focusin", (event) => { const row = line(event.target); if (row) show(row.dataset.name); });
  document.addEventListener("input", (event) => { if (line(event.target)) see(line(event.target)); });
  document.addEventListener("change", (event) => {  // another book expects another number
    if (event.target.matches("#review #book")) ask(`${form().getAttribute("action")}?book=${encodeURIComponent(event.target.value)}`, {}, false);
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("#review, .tools")) return;
    event.preventDefault();
    send(event.target, event.submitter ?? (event.target.matches("#review") ? $("#save") : undefined));
  });
  addEventListener("popstate", () => ask(location.href, {}, false));
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  // ---------------------------------------------------------------- what others do

  document.addEventListener("htmx:after:swap", () => {
    const told = $("#others");
    if (!told) return;
    const who = $("#queue [aria-current] .who-else")?.dataset.who ?? "", words = who && told.dataset.words.replace("{}", who);
    if (told.textContent.includes(words) && (words || !told.firstChild)) return;
    told.replaceChildren();
    if (!words) return;
    told.append(Object.assign(document.createElement("div"), { className: "say run", textContent: `● ${words}` }));
    say(words);
  });
  setInterval(async () => {
    const waiting = $("#waiting");
    if (!waiting || sending || asking || document.hidden) return;
    const answer = await fetch(waiting.dataset.ready).catch(() => null);
    if (answer && answer.status !== 204 && waiting.isConnected && !sending && !asking) ask(waiting.dataset.url, {}, false);
  }, 1000);

  addEventListener("load", () => begin(false));
})();
