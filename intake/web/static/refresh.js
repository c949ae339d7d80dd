// Parts of a page marked data-refresh="seconds" are asked for again and put in place when they have changed.
// Nothing that can be typed into lies within such a part. Without JavaScript, the page's own link does the same.
"use strict";

const parts = [...document.querySelectorAll("[data-refresh][id]")];
const seconds = Math.min(...parts.map((part) => Number(part.dataset.refresh)));
let waited = seconds;

const refresh = async () => {
  if (!document.hidden) {
    try {
      const answer = await fetch(location.href, { cache: "no-store", credentials: "same-origin" });
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const part of parts) {
          const now = fresh.getElementById(part.id);
          if (now && now.dataset.version !== part.dataset.version) {
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
