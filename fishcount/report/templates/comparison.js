"use strict";
// A heading sorts the rows by its column; a second time, the other way round.
for (const table of document.querySelectorAll(".sortable")) {
  const body = table.tBodies[0];
  table.tHead.addEventListener("click", (event) => {
    const button = event.target.closest("[data-sort]");
    if (!button) return;
    const heading = button.closest("th");
    const down = heading.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.querySelectorAll("th")) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = button.dataset.sort;
    const sign = down ? -1 : 1;
    const rows = [...body.rows];
    const figures = rows.every((row) => !Number.isNaN(Number(row.dataset[key])));
    const order = (a, b) => {
      const left = a.dataset[key], right = b.dataset[key];
      // What does not exist stays at the end, whichever way the rest is sorted.
      if (left === "" || right === "") return (left === "") - (right === "");
      return sign * (figures ? left - right : left.localeCompare(right, "en", { numeric: true }));
    };
    body.append(...rows.sort((a, b) => order(a, b) || a.dataset.number - b.dataset.number));
  });
}
