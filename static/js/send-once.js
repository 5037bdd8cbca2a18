// Sends a form once, however often its button is pressed before the answer comes. Another
// one would break off the first, which the server has begun to carry out: its answer, and
// what is shown in it only, would be lost.
const PATIENCE = 5000; // milliseconds until another try, should no answer come
let sentAt = -Infinity;

addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.getAttribute("method") !== "post") return;
  if (event.timeStamp - sentAt < PATIENCE) event.preventDefault();
  else sentAt = event.timeStamp;
});
addEventListener("pageshow", () => {
  sentAt = -Infinity;
});
