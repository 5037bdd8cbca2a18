// Makes a <dialog data-window> modal. Its fields belong to the form around it: closing
// it without Save puts them back as they were when it opened.
const windows = document.querySelectorAll("[data-window]");

function fieldsOf(dialog) {
  return [...dialog.querySelectorAll("input, select, textarea")];
}

function remember(dialog) {
  return fieldsOf(dialog).map((field) => [field, field.checked, field.value]);
}

function putBack(fields) {
  for (const [field, checked, value] of fields) {
    if (field.type === "file") field.value = "";
    else if (field.type === "checkbox") field.checked = checked;
    else field.value = value;
  }
}

for (const dialog of windows) {
  let fields = [];

  const open = () => {
    fields = remember(dialog);
    dialog.showModal();
  };

  const leave = () => {
    putBack(fields);
    dialog.close();
    // What the window did beyond its fields is undone by those who did it.
    dialog.dispatchEvent(new CustomEvent("window:cancelled"));
  };

  dialog.close();
  dialog.addEventListener("cancel", (event) => {
    if (event.target !== dialog) return;
    event.preventDefault();
    leave();
  });
  dialog.addEventListener("click", (event) => {
    if (!event.target.closest("[data-window-close], [data-window-cancel]")) return;
    event.preventDefault();
    leave();
  });
  for (const button of document.querySelectorAll(`[data-opens="${dialog.id}"]`)) {
    button.addEventListener("click", open);
  }
  // A link to the window opens it: from this page by a press, from another by its hash.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (link?.hash !== `#${dialog.id}` || link.pathname !== location.pathname) return;
    event.preventDefault();
    if (!dialog.open) open();
  });
  if (location.hash === `#${dialog.id}`) open();
  if (dialog.hasAttribute("data-window-open")) {
    if (!dialog.open) open();
    const place = dialog.querySelector("[aria-invalid=true], .copy-field--fresh button");
    place?.focus();
  }
}
