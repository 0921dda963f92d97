// Runs before the page is drawn: what only scripts can do must not flash in.
document.documentElement.classList.add("scripted");
