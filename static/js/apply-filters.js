// <form data-apply-filters> is sent as soon as a drop-down changes; Apply is for no script.
for (const form of document.querySelectorAll("form[data-apply-filters]")) {
  form.addEventListener("change", (event) => {
    if (event.target.matches("select")) form.requestSubmit();
  });
  // Empty fields make no difference, so they stay out of the address.
  form.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData]) {
      if (value === "") formData.delete(name);
    }
  });
}
