// What JavaScript adds to the form for reports: a draft kept in this browser, places found by typing, the phone's own
// position, and a sending that shows how far it is and survives a broken line. Without it every step works all the same.
"use strict";

(() => {
  const DRAFT = "sahut:draf";
  const KEPT = ["text", "date", "name", "contact", "anonymous", "secret"];
  const main = document.getElementById("isi");

  const draft = {
    read() {
      try {
        return JSON.parse(localStorage.getItem(DRAFT)) || {};
      } catch {
        return {};
      }
    },
    write(form) {
      const said = draft.read();
      for (const name of KEPT) {
        const field = form.elements[name];
        if (field) said[name] = field.type === "checkbox" ? field.checked : field.value;
      }
      try {
        if (said.text) localStorage.setItem(DRAFT, JSON.stringify(said));
      } catch {
        // A browser that keeps nothing: then there is no draft.
      }
    },
    forget() {
      try {
        localStorage.removeItem(DRAFT);
      } catch {
        // Nothing was kept.
      }
    },
  };

  const fill = (form, said) => {
    for (const name of KEPT) {
      const field = form.elements[name];
      if (!field || said[name] === undefined) continue;
      if (field.type === "checkbox") field.checked = field.checked || said[name] === true;
      else if (!field.value) field.value = said[name];
    }
  };

  const keepDraft = (part, form) => {
    const said = draft.read();
    const notice = part.querySelector("#draf");
    if (notice && said.text && !form.elements.text.value) {
      fill(form, said);
      notice.hidden = false;
      notice.querySelector("button").addEventListener("click", () => {
        draft.forget();
        form.elements.text.value = "";
        notice.hidden = true;
        form.elements.text.focus();
      });
    } else if (!notice && said.text && said.text.trim() === form.elements.text.value.trim()) {
      fill(form, said);
    }
    form.addEventListener("input", () => draft.write(form));
    form.addEventListener("submit", () => draft.write(form));
  };

  // The page that came back is put in the place of this one; the files that were chosen stay chosen.
  const swap = (html) => {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    const now = fresh.getElementById("isi");
    if (!now || !now.querySelector("[data-lapor]")) return false;
    const files = main.querySelector("input[type=file]");
    main.replaceChildren(...now.childNodes);
    const again = main.querySelector("input[type=file]");
    if (files && again) again.replaceWith(files);
    document.title = fresh.title;
    begin();
    const said = main.querySelector("[role=alert]:not([hidden])");
    if (said) said.scrollIntoView({ block: "center" });
    return true;
  };

  const send = (form, address, { whole, doing }) => {
    const trouble = form.querySelector("[data-trouble]");
    const bar = form.querySelector("progress");
    const data = new FormData(form);
    if (whole) draft.write(form);
    else data.delete("files");
    if (doing) data.set("do", doing);
    const request = new XMLHttpRequest();
    const failed = (words) => {
      delete form.dataset.sending;
      release(form);
      bar.hidden = true;
      trouble.textContent = words;
      trouble.hidden = false;
      trouble.scrollIntoView({ block: "center" });
    };
    form.dataset.sending = "yes";
    trouble.hidden = true;
    request.open("POST", address);
    request.setRequestHeader("X-Requested-With", "sahut");
    request.upload.addEventListener("progress", (event) => {
      if (!whole || !event.lengthComputable || event.total < 20000) return;
      bar.hidden = false;
      bar.value = Math.round((100 * event.loaded) / event.total);
    });
    request.addEventListener("error", () => failed(form.dataset.lost));
    request.addEventListener("load", () => {
      if ((request.getResponseHeader("Content-Type") || "").startsWith("application/json")) {
        location.assign(JSON.parse(request.responseText).to);
      } else if (!swap(request.responseText)) {
        failed(request.status >= 500 ? form.dataset.lost : form.dataset.refused);
      }
    });
    request.send(data);
  };

  const release = (form) => {
    for (const button of form.querySelectorAll("button[aria-disabled]")) {
      button.removeAttribute("aria-disabled");
      if (button.dataset.label) button.textContent = button.dataset.label;
    }
  };

  const checkFiles = (form) => {
    const field = form.elements.files;
    const told = form.querySelector("[data-files-fault]");
    const large = [...field.files].find((file) => file.size > Number(field.dataset.largest));
    told.textContent = "";
    if (field.files.length > Number(field.dataset.most)) told.textContent = field.dataset.tooMany;
    else if (large) told.textContent = `${field.dataset.tooLarge} ${large.name}`;
    told.hidden = !told.textContent;
    return told.hidden;
  };

  const sendAll = (form) => {
    form.addEventListener("change", (event) => {
      if (event.target.type === "file") checkFiles(form);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (form.dataset.sending) return;
      const button = event.submitter;
      if (button && button.name === "do") {
        send(form, button.getAttribute("formaction"), { whole: false, doing: button.value });
        return;
      }
      if (!checkFiles(form)) {
        form.elements.files.focus();
        return;
      }
      const big = form.querySelector("button.big");
      big.dataset.label = big.dataset.label || big.textContent;
      big.textContent = big.dataset.busy;
      big.setAttribute("aria-disabled", "true");
      send(form, form.getAttribute("action"), { whole: true });
    });
  };

  // The four lists: choosing in one fills the next.
  const lists = (form) => {
    const levels = [...form.querySelectorAll("select[data-level]")];
    if (!levels.length) return null;
    form.querySelector("[data-deeper]").hidden = true;
    const put = (select, options) => {
      const none = select.options[0];
      select.replaceChildren(none, ...options.map(([code, name]) => new Option(name, code)));
      select.closest(".field").hidden = !options.length;
    };
    const fillFrom = async (level, code) => {
      for (const deeper of levels.slice(level + 1)) put(deeper, []);
      if (code && levels[level + 1]) {
        try {
          const answer = await fetch(`/wilayah/${code}.json`);
          if (answer.ok) put(levels[level + 1], await answer.json());
        } catch {
          form.querySelector("[data-deeper]").hidden = false;
        }
      }
    };
    levels.forEach((select, level) => {
      select.addEventListener("change", () => fillFrom(level, select.value));
    });
    return async (code) => {
      const lengths = [2, 5, 8, 13];
      for (let level = 0; level < levels.length; level += 1) {
        const part = code.slice(0, lengths[level]);
        if (part.length < lengths[level]) break;
        levels[level].value = part;
        await fillFrom(level, part);
      }
      form.querySelector("#place-choose").checked = true;
    };
  };

  // One box that finds any village, district or regency (the combobox of the ARIA Authoring Practices).
  const finder = (form, choose) => {
    const part = form.querySelector("[data-find]");
    if (!part || !choose) return;
    const box = part.querySelector("input");
    const list = part.querySelector("[role=listbox]");
    const told = part.querySelector("[role=status]");
    let active = -1;
    let timer = 0;
    let asked = 0;
    part.hidden = false;
    const close = () => {
      list.hidden = true;
      active = -1;
      box.setAttribute("aria-expanded", "false");
      box.removeAttribute("aria-activedescendant");
    };
    const pick = (option) => {
      box.value = option.textContent;
      close();
      choose(option.dataset.code);
    };
    const mark = (to) => {
      const options = [...list.children];
      active = (to + options.length) % options.length;
      options.forEach((option, at) => option.setAttribute("aria-selected", String(at === active)));
      box.setAttribute("aria-activedescendant", options[active].id);
      options[active].scrollIntoView({ block: "nearest" });
    };
    const look = async () => {
      asked += 1;
      const mine = asked;
      if (box.value.trim().length < 3) {
        close();
        return;
      }
      let found = [];
      try {
        const answer = await fetch(`${part.dataset.find}?q=${encodeURIComponent(box.value.trim())}`);
        if (answer.ok) found = await answer.json();
      } catch {
        return;
      }
      if (mine !== asked) return;
      list.replaceChildren(...found.map(([code, name], at) => {
        const option = document.createElement("li");
        option.id = `find-${at}`;
        option.dataset.code = code;
        option.textContent = name;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.addEventListener("mousedown", (event) => {
          event.preventDefault();
          pick(option);
        });
        return option;
      }));
      active = -1;
      list.hidden = !found.length;
      box.setAttribute("aria-expanded", String(found.length > 0));
      told.textContent = part.dataset.found.replace("{count}", found.length);
    };
    box.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(look, 200);
    });
    box.addEventListener("blur", close);
    box.addEventListener("keydown", (event) => {
      const open = !list.hidden;
      if (event.key === "ArrowDown" && open) mark(active + 1);
      else if (event.key === "ArrowUp" && open) mark(active - 1);
      else if (event.key === "Escape" && open) close();
      else if (event.key === "Enter" && open) pick(list.children[Math.max(0, active)]);
      else if (event.key !== "Enter") return;
      event.preventDefault();
    });
  };

  const position = (form) => {
    const part = form.querySelector(".position");
    if (!part || !navigator.geolocation) return;
    const button = part.querySelector("button");
    const told = part.querySelector("[role=status]");
    part.hidden = false;
    button.addEventListener("click", () => {
      told.textContent = button.dataset.asking;
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => {
          form.elements.latitude.value = coords.latitude.toFixed(6);
          form.elements.longitude.value = coords.longitude.toFixed(6);
          send(form, button.dataset.to, { whole: false, doing: "posisi" });
        },
        () => {
          told.textContent = button.dataset.denied;
        },
        { enableHighAccuracy: true, timeout: 20000, maximumAge: 60000 },
      );
    });
  };

  const begin = () => {
    for (const part of main.querySelectorAll("[data-lapor]")) {
      const form = part.querySelector("form");
      keepDraft(part, form);
      if (form.matches("[data-send]")) {
        sendAll(form);
        finder(form, lists(form));
        position(form);
      }
    }
  };

  if (document.querySelector("[data-sent]")) draft.forget();
  begin();
})();
