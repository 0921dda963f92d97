// Mail frames as high as their content. The frame runs no script: its parent measures it, which
// the sandbox allows because it keeps the frame's origin.
const TALLEST = 20000;

function fit(frame) {
  const page = frame.contentDocument?.documentElement;
  if (!page) return;
  const height = Math.min(Math.ceil(page.getBoundingClientRect().height) + 2, TALLEST);
  if (height > 2) frame.style.blockSize = `${height}px`;
}

const observed = new WeakSet();
function watch(frame) {
  const page = frame.contentDocument?.documentElement;
  if (!page || observed.has(page)) return;
  observed.add(page);
  new ResizeObserver(() => fit(frame)).observe(page);
  fit(frame);
}

// `load` does not bubble, but it can be captured; frames that had loaded before are looked up.
document.addEventListener(
  "load",
  (event) => {
    if (event.target instanceof HTMLIFrameElement && "mail" in event.target.dataset) watch(event.target);
  },
  true,
);
for (const frame of document.querySelectorAll("iframe[data-mail]")) watch(frame);

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-show-images]");
  if (!link) return;
  event.preventDefault();
  const line = link.closest(".images");
  line.previousElementSibling.querySelector("iframe").src = link.dataset.showImages;
  line.remove();
});
