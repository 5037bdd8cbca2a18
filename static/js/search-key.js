// The key / leads to Search: to its field on its own page, to the page from elsewhere.
const link = document.querySelector("[data-search-key]");
const writes = "input, textarea, select, [contenteditable]";

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (!link || event.target.closest(writes) || document.querySelector("dialog:modal")) return;
  event.preventDefault();
  const field = document.querySelector("[data-search-field]");
  if (field) {
    field.focus();
    field.select();
  } else {
    location.assign(link.href);
  }
});
