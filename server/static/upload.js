// Drag-and-drop upload, one file after another, each with its progress. Without scripts the form itself is sent.
"use strict";
(() => {
  const drop = document.querySelector("#drop");
  if (!drop) return;
  const list = drop.querySelector("#sent");
  const waiting = [];
  let sending = false;

  const line = (file) => {
    const item = document.createElement("li");
    const name = document.createElement("span");
    const bar = document.createElement("progress");
    const said = document.createElement("span");
    name.textContent = file.name;
    bar.max = 1; bar.value = 0; bar.setAttribute("aria-label", file.name);
    item.append(name, bar, said);
    list.prepend(item);
    return { bar, tell: (text, kind) => { said.textContent = text; said.className = kind; bar.remove(); } };
  };
  const refresh = () => document.querySelector("#queue")?.dispatchEvent(new Event("refresh"));

  const next = () => {
    if (sending || !waiting.length) return;
    sending = true;
    const { file, shown, urgent, secret } = waiting.shift();
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("file", file);
    if (urgent) body.append("urgent", "1");
    if (secret) body.append("secret", "1");
    request.open("POST", drop.action);
    request.setRequestHeader("X-CSRF-Token", document.querySelector('meta[name="csrf"]').content);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) shown.bar.value = event.loaded / event.total; });
    request.addEventListener("loadend", () => {
      sending = false;
      let told = null;
      try { told = JSON.parse(request.responseText)[0]; } catch { /* not ours: a sentence or nothing */ }
      if (told) shown.tell(told.said, told.ok ? "ok" : "bad");
      else shown.tell(request.responseText && request.responseText.length < 400 ? request.responseText : drop.dataset.lost, "bad");
      refresh();
      next();
    });
    request.send(body);
  };
  const send = (files) => {
    const urgent = drop.querySelector("[name=urgent]").checked;
    const secret = drop.querySelector("[name=secret]").checked;
    for (const file of files) waiting.push({ file, urgent, secret, shown: line(file) });
    next();
  };

  drop.addEventListener("submit", (event) => {
    event.preventDefault();
    const input = drop.querySelector("#files");
    send([...input.files]);
    drop.reset();
  });
  drop.querySelector("#files").addEventListener("change", () => drop.requestSubmit());
  const over = (on) => document.querySelector("#drop").classList.toggle("over", on);
  addEventListener("dragover", (event) => { if (event.dataTransfer?.types.includes("Files")) { event.preventDefault(); over(true); } });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) over(false); });
  addEventListener("drop", (event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    over(false);
    send([...event.dataTransfer.files]);
  });
})();
