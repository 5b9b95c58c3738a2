"use strict";
// Pictures: zooming changes the viewBox, so outlines stay sharp and thin at every scale.
for (const viewport of document.querySelectorAll(".viewport")) {
  const svg = viewport.querySelector("svg");
  const bar = viewport.querySelector(".scalebar");
  const full = { x: -0.5, y: -0.5, w: +svg.dataset.w, h: +svg.dataset.h };
  let box = { ...full };
  let drag = null;

  const show = () => {
    svg.setAttribute("viewBox", `${box.x} ${box.y} ${box.w} ${box.h}`);
    const scale = svg.getScreenCTM().a;
    // One screen pixel in image pixels: text keeps its size on the screen.
    svg.style.setProperty("--u", 1 / scale);
    const length = [100, 50, 20, 10, 5, 2, 1, 0.5].find((um) => um / bar.dataset.um < box.w / 5) || 0.2;
    bar.setAttribute("transform", `translate(${box.x + 0.02 * box.w} ${box.y + 0.96 * box.h})`);
    bar.firstElementChild.setAttribute("width", length / bar.dataset.um);
    bar.lastElementChild.textContent = `${length} µm`;
  };
  const place = (next) => {
    const w = Math.min(full.w, Math.max(full.w / 40, next.w));
    const h = (w * full.h) / full.w;
    const x = Math.min(full.x + full.w - w, Math.max(full.x, next.x));
    const y = Math.min(full.y + full.h - h, Math.max(full.y, next.y));
    box = { x, y, w, h };
    show();
  };
  const zoom = (factor, u = 0.5, v = 0.5) => {
    const w = Math.min(full.w, Math.max(full.w / 40, box.w / factor));
    const h = (w * full.h) / full.w;
    place({ x: box.x + u * (box.w - w), y: box.y + v * (box.h - h), w });
  };
  const pan = (u, v) => place({ ...box, x: box.x + u * box.w, y: box.y + v * box.h });

  viewport.addEventListener("wheel", (event) => {
    const out = event.deltaY > 0;
    const engaged = document.activeElement === viewport || event.ctrlKey || box.w < full.w;
    if (!engaged || (out && box.w === full.w)) return;
    event.preventDefault();
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    zoom(out ? 0.8 : 1.25, (at.x - box.x) / box.w, (at.y - box.y) / box.h);
  }, { passive: false });
  viewport.addEventListener("pointerdown", (event) => {
    drag = { x: event.clientX, y: event.clientY, moved: false };
  });
  viewport.addEventListener("pointermove", (event) => {
    if (!drag || !event.buttons) return;
    const dx = event.clientX - drag.x, dy = event.clientY - drag.y;
    if (!drag.moved && Math.hypot(dx, dy) < 4) return;
    if (!drag.moved) viewport.setPointerCapture(event.pointerId);
    const scale = svg.getScreenCTM().a;
    pan(-dx / scale / box.w, -dy / scale / box.h);
    drag = { x: event.clientX, y: event.clientY, moved: true };
  });
  viewport.addEventListener("click", (event) => {
    const moved = drag && drag.moved;
    drag = null;
    const path = event.target.closest("[data-card]");
    if (!moved && path) showCard(path.dataset.card);
  });
  viewport.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-0.15, 0], ArrowRight: [0.15, 0], ArrowUp: [0, -0.15], ArrowDown: [0, 0.15] }[event.key];
    if (event.key === "+" || event.key === "=") zoom(1.5);
    else if (event.key === "-") zoom(1 / 1.5);
    else if (event.key === "0") place(full);
    else if (step && box.w < full.w) pan(...step);
    else return;
    event.preventDefault();
  });
  const figure = viewport.closest("figure");
  for (const button of figure.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => {
      if (button.dataset.zoom === "fit") place(full);
      else zoom(button.dataset.zoom === "in" ? 1.5 : 1 / 1.5);
    });
  }
  figure.locate = (x, y, side) => {
    const w = Math.min(full.w, side * 3);
    const h = (w * full.h) / full.w;
    place({ x: x + side / 2 - w / 2, y: y + side / 2 - h / 2, w });
    figure.scrollIntoView({ block: "start" });
    viewport.focus({ preventScroll: true });
  };
  addEventListener("resize", show);
  addEventListener("beforeprint", () => {
    place(full);
    // The size that the style sheet gives it on paper, so that text on it is legible and no more.
    svg.style.setProperty("--u", Math.max(full.w / 680, full.h / 400));
  });
  addEventListener("afterprint", show);
  show();
}

// Gallery: sorting moves the cards, filtering hides them; the page itself is the data.
const gallery = document.querySelector(".gallery");
const form = document.querySelector(".gallery-bar");
function arrange() {
  const cards = [...gallery.children];
  const key = form.elements.sort.value;
  const sign = form.elements.descending.checked ? -1 : 1;
  const shown = form.elements.show.value;
  const field = form.elements.field ? form.elements.field.value : "";
  cards.sort((a, b) => sign * (a.dataset[key] - b.dataset[key]) || a.dataset.order - b.dataset.order);
  let n = 0;
  for (const card of cards) {
    const [what, of] = shown.split(":");
    const wanted = of ? (card.dataset[what] || "").split(" ").includes(of) : !shown || card.dataset.scored === shown;
    card.hidden = !wanted || (field !== "" && card.dataset.field !== field);
    n += card.hidden ? 0 : 1;
  }
  gallery.append(...cards);
  gallery.classList.toggle("unmarked", !form.elements.marks.checked);
  for (const view of ["large", "contact"]) gallery.classList.toggle(view, form.elements.view.value === view);
  form.querySelector("output").textContent = `${n} of ${cards.length} nuclei`;
}
function showCard(id) {
  const card = document.getElementById(id);
  if (!card) return;
  if (card.hidden) {
    form.reset();
    arrange();
  }
  card.scrollIntoView({ block: "center" });
  card.focus({ preventScroll: true });
}
if (form) {
  form.addEventListener("change", arrange);
  form.addEventListener("submit", (event) => event.preventDefault());
  gallery.addEventListener("click", (event) => {
    const button = event.target.closest(".locate");
    if (!button) return;
    const [x, y, side] = button.dataset.box.split(" ").map(Number);
    document.getElementById(button.dataset.target).locate(x, y, side);
  });
}
// On paper nobody can open what is folded: the sources of the schemes are printed with them.
addEventListener("beforeprint", () => {
  for (const notes of document.querySelectorAll("details.notes")) notes.open = true;
});
