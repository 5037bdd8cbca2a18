// An address may name a field inside a window (#id_certificate): the window is opened,
// and the field comes into view.
addEventListener("DOMContentLoaded", () => {
  const field = document.getElementById(location.hash.slice(1));
  const dialog = field?.closest("dialog[data-window]");
  if (!dialog) return;
  if (!dialog.open) document.querySelector(`[data-opens="${dialog.id}"]`)?.click();
  field.scrollIntoView({ block: "center" });
  field.focus();
});
