// Reports taken face to face, where there may be no line: every entry is kept on this device before anything is sent,
// and leaves it only when the server says that it has it. The server takes the same entry twice as one.
// Without IndexedDB (or without JavaScript) the form is an ordinary form.
"use strict";

(() => {
  const page = document.querySelector("[data-langsung]");
  if (!page || !window.indexedDB) return;
  const form = page.querySelector("form");
  const said = page.querySelector("#kabar");
  const box = page.querySelector("#belum");
  const list = box.querySelector("ul");
  const sent = page.querySelector("#terkirim");
  const words = page.dataset;
  const me = words.officer;
  const RETRY_MS = 30000;

  // What is kept: one store of entries by their id.
  const opened = new Promise((done, failed) => {
    const asked = indexedDB.open("sahut-langsung", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("belum", { keyPath: "id" });
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });
  const inStore = async (mode, work) => {
    const store = (await opened).transaction("belum", mode, { durability: "strict" });
    return new Promise((done, failed) => {
      const asked = work(store.objectStore("belum"));
      store.oncomplete = () => done(asked.result);
      store.onerror = store.onabort = () => failed(store.error);
    });
  };
  const kept = async () => (await inStore("readonly", (store) => store.getAll())).sort((a, b) => a.taken_at.localeCompare(b.taken_at));
  const keep = (entry, instead) =>
    inStore("readwrite", (store) => {
      if (instead) store.delete(instead);
      return store.put(entry);
    });
  const drop = (id) => inStore("readwrite", (store) => store.delete(id));

  const tell = (text) => {
    said.textContent = text;
    said.hidden = !text;
  };

  const show = async () => {
    const all = await kept();
    const own = all.filter((entry) => entry.officer === me);
    const others = all.length - own.length;
    box.hidden = !all.length;
    box.querySelector("[data-count]").textContent = own.length;
    const foreign = box.querySelector("[data-others]");
    foreign.hidden = !others;
    foreign.querySelector("span").textContent = others;
    box.querySelector("[data-send]").hidden = !own.length;
    document.title = own.length ? `(${own.length}) ${words.title}` : words.title;
    list.replaceChildren(
      ...own.map((entry) => {
        const line = document.getElementById("satu-catatan").content.cloneNode(true);
        line.querySelector("[data-beginning]").textContent = entry.text.slice(0, 120);
        line.querySelector("[data-at]").textContent = new Date(entry.taken_at).toLocaleString(document.documentElement.lang);
        line.querySelector("[data-files]").textContent = entry.files.length ? `${entry.files.length} ${words.photos}` : "";
        const fault = line.querySelector("[data-fault]");
        fault.textContent = entry.fault || "";
        fault.hidden = !entry.fault;
        // What waits may be on its way at this moment: only what was refused can be changed.
        line.querySelector("[data-change]").hidden = !entry.fault;
        line.querySelector("[data-change]").addEventListener("click", () => change(entry));
        line.querySelector("[data-drop]").addEventListener("click", async () => {
          if (window.confirm(words.sure)) {
            await drop(entry.id);
            await show();
          }
        });
        return line;
      }),
    );
  };

  // Back into the form, and kept all the same until it is kept anew. Not while something stands in the form already.
  let changing = null;
  const change = (entry) => {
    if (form.elements.text.value.trim()) {
      tell(words.formFull);
      return;
    }
    changing = entry;
    for (const name of ["text", "name", "contact"]) form.elements[name].value = entry[name];
    form.elements.anonymous.checked = Boolean(entry.anonymous);
    form.elements.text.focus();
  };

  const newId = () => {
    if (crypto.randomUUID) return crypto.randomUUID();
    const bytes = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return bytes.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  };

  const chosenFiles = () => {
    const chosen = [...form.elements.files.files];
    const large = chosen.find((file) => file.size > Number(words.largest));
    if (chosen.length > Number(words.most)) return { fault: words.tooMany };
    if (large) return { fault: `${words.tooLarge} ${large.name}` };
    return { files: chosen.map((file) => ({ name: file.name, blob: file })) };
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { files, fault } = chosenFiles();
    if (fault || !form.elements.text.value.trim()) {
      tell(fault || words.empty);
      return;
    }
    const entry = {
      id: newId(),
      officer: me,
      text: form.elements.text.value,
      name: form.elements.name.value,
      contact: form.elements.contact.value,
      anonymous: form.elements.anonymous.checked ? "ya" : "",
      taken_at: new Date().toISOString(),
      files: [],
    };
    try {
      // The bytes themselves: what a file picker gave may be gone when there is a line again.
      for (const file of files) entry.files.push({ name: file.name, type: file.blob.type, bytes: await file.blob.arrayBuffer() });
      if (changing && !entry.files.length) entry.files = changing.files;
      await keep(entry, changing && changing.id);
      changing = null;
    } catch {
      tell(words.full);
      return;
    }
    form.reset();
    tell(words.saved);
    await show();
    await sendAll();
    form.elements.text.focus();
  });

  const ask = (address, options) => fetch(address, { credentials: "same-origin", cache: "no-store", redirect: "manual", ...options });

  const sendOne = async (entry, token) => {
    const data = new FormData();
    data.set("csrf_token", token);
    for (const name of ["id", "text", "name", "contact", "anonymous", "taken_at"]) data.set(name, entry[name]);
    for (const file of entry.files) data.append("files", new File([file.bytes], file.name, { type: file.type }));
    const answer = await ask(words.send, { method: "POST", body: data });
    const isOurs = (answer.headers.get("Content-Type") || "").startsWith("application/json");
    if (!isOurs) return false;
    const told = await answer.json();
    if (answer.ok && told.reference) {
      await drop(entry.id);
      const line = document.getElementById("satu-terkirim").content.cloneNode(true);
      const link = line.querySelector("a");
      link.href = told.address;
      link.textContent = told.reference;
      sent.querySelector("ul").append(line);
      sent.hidden = false;
      return true;
    }
    if (answer.status === 400 && told.refused) {
      await keep({ ...entry, fault: told.refused });
      return true;
    }
    return false;
  };

  const sendKept = async () => {
    const waiting = (await kept()).filter((entry) => entry.officer === me && !entry.fault);
    if (!waiting.length) return;
    let state;
    try {
      const answer = await ask(words.state);
      if (answer.type === "opaqueredirect" || answer.status === 404) {
        tell(words.logIn);
        return;
      }
      state = await answer.json();
      if (String(state.officer) !== me) {
        tell(words.logIn);
        return;
      }
      for (const entry of waiting) {
        if (!(await sendOne(entry, state.csrf_token))) {
          tell(words.later);
          return;
        }
        await show();
      }
      tell((await kept()).some((entry) => entry.officer === me) ? words.refused : words.allSent);
    } catch {
      tell(words.noLine);
    }
  };

  // One window sends at a time; a second one would only send the same again.
  let busy = false;
  const sendAll = async () => {
    if (busy) return;
    busy = true;
    try {
      if (navigator.locks) await navigator.locks.request("sahut-langsung", { ifAvailable: true }, (lock) => lock && sendKept());
      else await sendKept();
    } finally {
      busy = false;
      await show();
    }
  };

  box.querySelector("[data-send]").addEventListener("click", sendAll);
  window.addEventListener("online", sendAll);
  document.addEventListener("visibilitychange", () => document.hidden || sendAll());
  setInterval(sendAll, RETRY_MS);
  show().then(sendAll);
  if (navigator.storage && navigator.storage.persist) navigator.storage.persist();
  if (navigator.serviceWorker) {
    navigator.serviceWorker.register(words.worker, { scope: words.page }).then(
      () => navigator.serviceWorker.ready,
    ).then(() => {
      page.dataset.ready = "yes";
      page.querySelector("#siap").hidden = false;
    }, () => {});
  }
})();
