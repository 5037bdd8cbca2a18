// Generate Token without leaving the page, so that nothing typed is lost. The secret
// arrives in that answer only and goes into the page only.
const place = document.querySelector("[data-bearer-token]");
const dialog = place?.closest("[data-window]");

async function post(url) {
  const form = place.closest("form");
  const answer = await fetch(url, {
    method: "POST",
    headers: {
      "X-CSRFToken": form.elements.csrfmiddlewaretoken.value,
      "X-Fragment": "bearer-token",
    },
    cache: "no-store",
    redirect: "error",
  });
  if (!answer.ok) throw new Error(`answered ${answer.status}`);
  const fragment = new DOMParser().parseFromString(await answer.text(), "text/html");
  place.replaceChildren(...fragment.body.childNodes);
}

function tell(text) {
  place.querySelector("[data-problem]")?.remove();
  const line = document.createElement("p");
  line.className = "field-error";
  line.dataset.problem = "";
  line.setAttribute("role", "alert");
  line.textContent = text;
  place.append(line);
}

place?.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-generate-token]");
  if (!button) return;
  event.preventDefault();
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    await post(button.formAction);
    place.querySelector("[data-copy]")?.focus();
  } catch {
    button.removeAttribute("aria-busy");
    tell("No token was generated. Reload the page, sign in if it asks, and try again.");
  }
});

// A token that was generated in a cancelled window must not go live with a later Save.
dialog?.addEventListener("window:cancelled", async () => {
  if (!place.querySelector("[data-pending]")) return;
  try {
    await post(dialog.dataset.cancel);
  } catch {
    location.reload();
  }
});
