// What JavaScript adds to a form that works without it: it is sent once, and a long list can be searched.
"use strict";

for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    for (const button of form.querySelectorAll("button")) {
      button.setAttribute("aria-disabled", "true");
      if (button === event.submitter && button.dataset.busy) {
        button.dataset.label = button.textContent;
        button.textContent = button.dataset.busy;
      }
    }
  });
}

// Back from the next page: the form can be sent again.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-once]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button")) {
      button.removeAttribute("aria-disabled");
      if (button.dataset.label) button.textContent = button.dataset.label;
    }
  }
});

const plain = (text) => text.toLowerCase().normalize("NFKD").replace(/[^a-z0-9 ]/g, "");

for (const select of document.querySelectorAll("select[data-search]")) {
  const whole = [...select.children].map((child) => child.cloneNode(true));
  const options = [...select.options].filter((option) => option.value).map((option) => {
    const group = option.closest("optgroup");
    const name = option.textContent.trim();
    return { value: option.value, name, group: group ? group.label : "", words: plain(`${name} ${group ? group.label : ""}`) };
  });
  const search = document.createElement("input");
  search.type = "search";
  search.className = "search";
  search.placeholder = select.dataset.search;
  search.setAttribute("aria-label", select.dataset.search);
  search.setAttribute("aria-controls", select.id);
  search.autocomplete = "off";
  const told = document.createElement("p");
  told.className = "unseen";
  told.setAttribute("role", "status");
  select.before(search, told);

  const showWhole = () => {
    const chosen = select.value;
    select.replaceChildren(...whole.map((child) => child.cloneNode(true)));
    select.removeAttribute("size");
    select.value = chosen;
  };
  const showMatches = () => {
    const wanted = plain(search.value).split(" ").filter(Boolean);
    if (!wanted.length) {
      showWhole();
      told.textContent = "";
      return;
    }
    const found = options.filter((option) => wanted.every((word) => option.words.includes(word)));
    const unique = [...new Map(found.map((option) => [option.value, option])).values()];
    select.replaceChildren(...unique.map((option) => {
      const made = document.createElement("option");
      made.value = option.value;
      made.textContent = option.group ? `${option.name}, ${option.group}` : option.name;
      return made;
    }));
    select.size = Math.min(6, Math.max(2, unique.length));
    select.selectedIndex = unique.length === 1 ? 0 : -1;
    told.textContent = String(unique.length);
  };
  search.addEventListener("input", showMatches);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      if (search.value && select.options.length) {
        select.selectedIndex = Math.max(0, select.selectedIndex);
        search.value = "";
        showWhole();
        select.focus();
      }
    } else if (event.key === "ArrowDown" && search.value) {
      event.preventDefault();
      select.focus();
      select.selectedIndex = Math.max(0, select.selectedIndex);
    }
  });
  select.addEventListener("change", () => {
    if (search.value) {
      search.value = "";
      showWhole();
    }
  });
}
