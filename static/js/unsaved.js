// <form data-warns-unsaved> asks before its changes are lost; ="from-start" when it came
// back from the server with values that are not stored.
function snapshot(form) {
  const texts = [...new FormData(form)].map(([name, value]) => [name, value.name ?? value]);
  return JSON.stringify(texts);
}

for (const form of document.querySelectorAll("[data-warns-unsaved]")) {
  const saved = form.dataset.warnsUnsaved === "from-start" ? null : snapshot(form);
  let isLeavingOnPurpose = false;

  // Save stores, Cancel drops: both are said by the one who presses.
  form.addEventListener("submit", () => {
    isLeavingOnPurpose = true;
  });
  addEventListener("pageshow", () => {
    isLeavingOnPurpose = false;
  });
  addEventListener("beforeunload", (event) => {
    if (!isLeavingOnPurpose && snapshot(form) !== saved) event.preventDefault();
  });
}
