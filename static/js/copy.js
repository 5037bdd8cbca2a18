// <button data-copy="ID"> copies the text of the element with that id.
async function copyText(element) {
  const text = element.textContent.trim();
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  // Pages served over plain http from another host have no clipboard object.
  const range = document.createRange();
  range.selectNodeContents(element);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
  if (!document.execCommand("copy")) throw new Error("copy refused");
  selection.removeAllRanges();
}

function say(button, word) {
  button.dataset.label ??= button.textContent;
  button.textContent = word;
  button.classList.toggle("is-copied", word === "Copied");
  clearTimeout(Number(button.dataset.timer));
  button.dataset.timer = setTimeout(() => {
    button.textContent = button.dataset.label;
    button.classList.remove("is-copied");
  }, 2000);
  // Outside an open modal window, nothing is read out.
  const live = (button.closest("dialog") ?? document).querySelector("[data-live]");
  if (live) live.textContent = word;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  try {
    await copyText(document.getElementById(button.dataset.copy));
    say(button, "Copied");
  } catch {
    say(button, "Press Ctrl+C");
    getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
  }
});
