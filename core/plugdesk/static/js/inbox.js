// Ticking tickets: the bar of actions shows while something is ticked.
const bar = document.querySelector("[data-bulk]");

if (bar) {
  const all = bar.querySelector("[data-pick-all]");
  const box = all.querySelector("input");
  const words = all.querySelector("[data-picked]");
  const boxes = () => [...document.querySelectorAll("#list input[name=ticket]")];

  const update = () => {
    const every = boxes();
    const picked = every.filter((one) => one.checked).length;
    bar.classList.toggle("active", picked > 0);
    box.checked = picked > 0 && picked === every.length;
    box.indeterminate = picked > 0 && picked < every.length;
    const { none, one, many } = words.dataset;
    words.textContent = picked === 0 ? none : picked === 1 ? one : many.replace("{n}", picked);
  };
  all.hidden = false;
  box.addEventListener("change", () => {
    for (const one of boxes()) one.checked = box.checked;
    update();
  });
  document.addEventListener("change", (event) => {
    if (event.target.name === "ticket") update();
  });
  document.addEventListener("htmx:after:swap", update);
  update();
}
