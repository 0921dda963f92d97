// What the desk's pages gain from scripts. Everything here also works without them.
import "./mail.js";
import "./compose.js";
import "./inbox.js";

// A form that has left must not leave twice by a double click; the server knows its key anyway.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented || form.hasAttribute("hx-post")) return;
  if (form.dataset.leaving) {
    event.preventDefault();
    return;
  }
  form.dataset.leaving = "1";
});
// Going back shows the page as it was, with forms that may be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-leaving]")) delete form.dataset.leaving;
});

// Open menus close when the focus or a click goes elsewhere, and on Escape.
const openMenus = () => document.querySelectorAll("details.menu[open]");
for (const kind of ["click", "focusin"]) {
  document.addEventListener(kind, (event) => {
    for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
  });
}
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing) return;
  for (const menu of openMenus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// A change that did not reach the desk is said, not swallowed.
function complain(event) {
  const source = event.detail?.ctx?.sourceElement;
  if (source?.getAttribute("hx-trigger")?.startsWith("every")) return; // the next turn tells
  const notice = document.createElement("div");
  notice.className = "notice bad";
  notice.textContent = document.body.dataset.failed;
  document.getElementById("notices")?.replaceChildren(notice);
}
document.addEventListener("htmx:response:error", complain);
document.addEventListener("htmx:error", complain);

// Distances in time grow while a page lies open.
const language = document.documentElement.lang;
const distance = new Intl.RelativeTimeFormat(language, { style: "narrow", numeric: "always" });
function refreshTimes() {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const minutes = Math.floor((Date.now() - Date.parse(time.dateTime)) / 60000);
    if (minutes < 1 || minutes >= 1440) continue;
    const text =
      minutes < 60 ? distance.format(-minutes, "minute") : distance.format(-Math.floor(minutes / 60), "hour");
    if (time.textContent !== text) time.textContent = text;
  }
}
setInterval(refreshTimes, 30000);
