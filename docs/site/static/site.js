// Formulas that are wider than the page are reached by the keyboard, and only these.
"use strict";
const reach = () => {
  for (const box of document.querySelectorAll(".formula, .long")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
};
window.addEventListener("load", reach);
window.addEventListener("resize", reach);
