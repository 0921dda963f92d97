// The reply and note forms: tabs without a reload, Mod+Enter, and no half syllables.
const composer = document.getElementById("composer");

function show(mode) {
  for (const tab of composer.querySelectorAll("[data-compose]")) {
    if (tab.dataset.compose === mode) tab.setAttribute("aria-current", "true");
    else tab.removeAttribute("aria-current");
  }
  for (const form of composer.querySelectorAll("[data-form]")) form.hidden = form.dataset.form !== mode;
  composer.querySelector(`[data-form="${mode}"] textarea`).focus();
}

composer?.addEventListener("click", (event) => {
  const tab = event.target.closest("[data-compose]");
  if (!tab || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  show(tab.dataset.compose);
});

// While an input method composes, the syllable is not in the field yet. Sending waits for it:
// `compositionend` comes first, and the text is complete one task later.
function send(form) {
  form.requestSubmit(form.querySelector("[data-main]"));
}
document.addEventListener("keydown", (event) => {
  if (event.code !== "Enter" && event.key !== "Enter") return;
  if (!(event.ctrlKey || event.metaKey) || event.repeat) return;
  const form = event.target.closest?.("form[data-send]");
  if (!form || !(event.target instanceof HTMLTextAreaElement)) return;
  if (event.isComposing || event.keyCode === 229) {
    event.target.addEventListener("compositionend", () => setTimeout(send, 0, form), { once: true });
    return;
  }
  event.preventDefault();
  send(form);
});

// Text that was begun is not lost by a slip.
let leaving = false;
document.addEventListener("submit", (event) => {
  if (!event.target.hasAttribute("hx-post")) leaving = true;
});
window.addEventListener("beforeunload", (event) => {
  if (leaving) return;
  const begun = [...document.querySelectorAll("form[data-send] textarea")];
  if (begun.some((area) => area.value.trim() && area.value !== area.defaultValue)) event.preventDefault();
});

// What was refused is read first; a reply taken back is written on.
document.getElementById("problem")?.focus();
if (location.hash === "#composer") composer?.querySelector("form:not([hidden]) textarea")?.focus();
