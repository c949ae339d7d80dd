// Parts of a page marked data-refresh="seconds" are asked for again and put in place when they have changed.
// What can be typed into lies only in parts marked data-careful: those stay while somebody is at work in them. Without
// JavaScript, the page's own link does the same.
"use strict";

const parts = [...document.querySelectorAll("[data-refresh][id]")];
const seconds = Math.min(...parts.map((part) => Number(part.dataset.refresh)));
const from = (parts.find((part) => part.dataset.from) || { dataset: {} }).dataset.from || location.href;
let waited = seconds;

const isTouched = (field) =>
  field.type === "radio" || field.type === "checkbox" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
const isInUse = (part) =>
  "careful" in part.dataset &&
  (part.contains(document.activeElement) || [...part.querySelectorAll("input:not([type=hidden]), textarea")].some(isTouched));

const refresh = async () => {
  if (!document.hidden) {
    try {
      const answer = await fetch(from, { cache: "no-store", credentials: "same-origin" });
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const part of parts) {
          const now = fresh.getElementById(part.id);
          if (now && now.dataset.version !== part.dataset.version && !isInUse(part)) {
            part.replaceChildren(...now.childNodes);
            part.dataset.version = now.dataset.version;
          }
        }
      }
    } catch {
      // The line is away for a moment: the next look tells.
    }
  }
  waited = Math.min(waited * 1.1, seconds * 10);
  setTimeout(refresh, waited * 1000);
};

if (parts.length) setTimeout(refresh, seconds * 1000);
