// The service worker of one page: keeps the form for reports taken face to face, so that it opens without a line.
// It answers for that page and what the page is made of, always from the line first; what is sent it leaves alone.
"use strict";

const SHELF = "sahut-langsung-1";
const PAGE = "/meja/laporan-langsung";
const PARTS = ["/static/sahut.css", "/static/desk.css", "/static/langsung.js", "/static/sahut.svg"];
const PATIENCE_MS = 8000;

const keep = async (address, answer) => {
  if (answer.ok && !answer.redirected && answer.type === "basic") {
    const shelf = await caches.open(SHELF);
    await shelf.put(address, answer.clone());
  }
  return answer;
};

const fetchAndKeep = async (address, request) => keep(address, await fetch(request));

const fromLineOrShelf = async (address, request) => {
  const kept = await (await caches.open(SHELF)).match(address);
  const fresh = fetchAndKeep(address, request);
  if (!kept) return fresh;
  const late = new Promise((done) => setTimeout(() => done(kept), PATIENCE_MS));
  return Promise.race([fresh.catch(() => kept), late]);
};

self.addEventListener("install", (event) => {
  const ask = (address) => fetchAndKeep(address, new Request(address, { credentials: "same-origin", cache: "reload" }));
  event.waitUntil(Promise.all([PAGE, ...PARTS].map(ask)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith("sahut-langsung-") && name !== SHELF) await caches.delete(name);
    }
    await self.clients.claim();
  };
  event.waitUntil(old());
});

self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  if (event.request.method !== "GET" || address.origin !== self.location.origin) return;
  const isPage = event.request.mode === "navigate" && address.pathname === PAGE;
  if (isPage || PARTS.includes(address.pathname)) {
    event.respondWith(fromLineOrShelf(address.pathname, event.request));
  }
});
