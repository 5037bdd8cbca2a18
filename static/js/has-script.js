// Runs before the first paint: styles ask for .js to hide what needs no script.
document.documentElement.classList.add("js");
