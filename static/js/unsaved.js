// <form data-warns-unsaved> asks before its changes are lost; ="from-start" when it came
// back from the server with values that are not stored. It is sent once,
// however often Save is clicked before the answer comes.
const PATIENCE = 5000; // milliseconds until another try, should no answer come

function snapshot(form) {
  const texts = [...new FormData(form)].map(([name, value]) => [name, value.name ?? value]);
  return JSON.stringify(texts);
}

for (const form of document.querySelectorAll("[data-warns-unsaved]")) {
  const saved = form.dataset.warnsUnsaved === "from-start" ? null : snapshot(form);
  let isLeavingOnPurpose = false;
  let sentAt = -Infinity;

  // Save stores, Cancel drops: both are said by the one who presses.
  form.addEventListener("submit", (event) => {
    isLeavingOnPurpose = true;
    // The second one would break off the first, which the server has begun to carry out.
    if (event.timeStamp - sentAt < PATIENCE) event.preventDefault();
    else sentAt = event.timeStamp;
  });
  addEventListener("pageshow", () => {
    isLeavingOnPurpose = false;
    sentAt = -Infinity;
  });
  addEventListener("beforeunload", (event) => {
    if (!isLeavingOnPurpose && snapshot(form) !== saved) event.preventDefault();
  });
}
