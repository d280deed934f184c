// Draw the places of a stamp on the picture of a page; the number inputs are the truth, the drawing follows them.
"use strict";
(() => {
  const form = document.querySelector("#teach"), svg = document.querySelector("#drawing");
  const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  const rect = (name) => svg.querySelector(`rect[data-name="${name}"]`);
  const inputs = (name) => [0, 1, 2, 3].map((side) => form.elements[`${name}.${side}`]);
  const drawn = () => form.elements.drawn.value;
  const show = (name) => {
    const [left, top, right, bottom] = inputs(name).map((input) => Number(input.value.replace(",", ".")) / 100 || 0);
    const sides = { x: left * width, y: top * height, width: Math.max(0, right - left) * width, height: Math.max(0, bottom - top) * height };
    for (const [side, value] of Object.entries(sides)) rect(name).setAttribute(side, value);
  };
  const at = (event) => {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    return [Math.min(Math.max(point.x / width, 0), 1) * 100, Math.min(Math.max(point.y / height, 0), 1) * 100];
  };
  // Once the frame is there, the picture shows it large: the fields in it are some millimetres high.
  const look = (close) => {
    const [x, y, w, h] = ["x", "y", "width", "height"].map((side) => Number(rect("frame").getAttribute(side)));
    svg.setAttribute("viewBox", close && w ? `${x - w / 8} ${y - h / 4} ${w * 1.25} ${h * 1.5}` : `0 0 ${width} ${height}`);
  };
  let begun = null;
  svg.addEventListener("pointerdown", (event) => { begun = at(event); svg.setPointerCapture(event.pointerId); event.preventDefault(); });
  svg.addEventListener("pointermove", (event) => {
    if (!begun) return;
    const end = at(event), name = drawn();
    const edges = [Math.min(begun[0], end[0]), Math.min(begun[1], end[1]), Math.max(begun[0], end[0]), Math.max(begun[1], end[1])];
    inputs(name).forEach((input, side) => { input.value = edges[side].toFixed(2); });
    show(name);
  });
  svg.addEventListener("pointerup", () => {
    if (!begun) return;
    begun = null;
    const choices = [...form.elements.drawn], next = choices[choices.findIndex((one) => one.checked) + 1];
    if (drawn() === "frame") look(true);
    if (next && inputs(next.value).every((input) => !input.value)) next.checked = true;
  });
  form.addEventListener("input", (event) => { const [name, side] = event.target.name.split("."); if (side) show(name); });
  document.querySelector("#whole").addEventListener("click", () => look(svg.getAttribute("viewBox").startsWith("0 0 ")));
  look(true);
})();
