// Keys for officers who read many reports. Nothing here can only be done by key; a single letter can be a nuisance to who
// speaks to their computer, so all of it can be switched off (the page of the keys), in this browser.
"use strict";

(() => {
  const OFF = "sahut:tombol-mati";
  const isOff = () => {
    try {
      return localStorage.getItem(OFF) === "ya";
    } catch {
      return false;
    }
  };

  const knob = document.querySelector("[data-keys-switch]");
  if (knob) {
    const show = () => {
      knob.querySelector("span").textContent = isOff() ? knob.dataset.off : knob.dataset.on;
      knob.querySelector("button").textContent = isOff() ? knob.dataset.turnOn : knob.dataset.turnOff;
    };
    knob.querySelector("button").addEventListener("click", () => {
      try {
        if (isOff()) localStorage.removeItem(OFF);
        else localStorage.setItem(OFF, "ya");
      } catch {
        // A browser that keeps nothing: the keys stay as they are.
      }
      show();
    });
    show();
    knob.hidden = false;
  }

  const rows = () => [...document.querySelectorAll(".inbox > li")];
  const linkOf = (row) => row.querySelector("a");
  const here = () => rows().findIndex((row) => row.contains(document.activeElement));
  const goTo = (place) => {
    const all = rows();
    if (!all.length) return;
    const link = linkOf(all[Math.max(0, Math.min(all.length - 1, place))]);
    link.focus();
    link.scrollIntoView({ block: "nearest" });
  };
  const write = (id) => {
    const field = document.getElementById(id);
    if (!field) return false;
    const folded = field.closest("details");
    if (folded) folded.open = true;
    field.focus();
    return true;
  };
  const follow = (selector) => {
    const link = document.querySelector(selector);
    if (link) link.click();
    return Boolean(link);
  };
  const KEYS = {
    j: () => (goTo(here() + 1), true),
    k: () => (goTo(here() - 1), true),
    x: () => {
      const row = rows()[here()];
      const box = row && row.querySelector("input[type=checkbox]");
      if (box) box.click();
      return Boolean(box);
    },
    "/": () => write("cari"),
    a: () => write("words"),
    n: () => write("note"),
    u: () => follow("[data-back]"),
    "?": () => {
      const dialog = document.getElementById("tombol");
      if (!dialog) return false;
      if (dialog.open) dialog.close();
      else dialog.showModal();
      return true;
    },
  };

  document.addEventListener("keydown", (event) => {
    if (isOff() || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    const at = event.target;
    const isField = at.matches("textarea, select, [contenteditable]") || (at.matches("input") && at.type !== "checkbox");
    if (isField) return;
    const act = KEYS[event.key];
    if (act && act()) event.preventDefault();
  });

  const whole = document.querySelector("[data-choose-all]");
  if (whole) {
    whole.hidden = false;
    whole.addEventListener("click", () => {
      const boxes = [...document.querySelectorAll(".inbox input[type=checkbox]")];
      const all = boxes.every((box) => box.checked);
      for (const box of boxes) box.checked = !all;
    });
  }
})();
