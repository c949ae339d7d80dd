// What JavaScript adds to the form for reports: a draft kept in this browser, places found by typing, the phone's own
// position or that of a photo, and a sending that shows how far it is and survives a broken line. Without it every step
// works all the same. Written for browsers of 2014 and later (ECMAScript 5): a phone of that age is no reason to lose a
// draft. What an older one lacks is looked for first, and then this file does nothing.
"use strict";

(function () {
  var DRAFT = "sahut:draf";
  var KEPT = ["text", "date", "name", "contact", "anonymous", "secret"];
  var main = document.getElementById("isi");

  function all(where, what) {
    return Array.prototype.slice.call(where.querySelectorAll(what));
  }

  function readDraft() {
    try {
      return JSON.parse(localStorage.getItem(DRAFT)) || {};
    } catch (nothing) {
      return {};
    }
  }

  function writeDraft(form) {
    var said = readDraft();
    KEPT.forEach(function (name) {
      var field = form.elements[name];
      if (field) said[name] = field.type === "checkbox" ? field.checked : field.value;
    });
    try {
      if (said.text) localStorage.setItem(DRAFT, JSON.stringify(said));
    } catch (full) {
      // A browser that keeps nothing: then there is no draft.
    }
  }

  function forgetDraft() {
    try {
      localStorage.removeItem(DRAFT);
    } catch (nothing) {
      // Nothing was kept.
    }
  }

  function fill(form, said) {
    KEPT.forEach(function (name) {
      var field = form.elements[name];
      if (!field || said[name] === undefined) return;
      if (field.type === "checkbox") field.checked = field.checked || said[name] === true;
      else if (!field.value) field.value = said[name];
    });
  }

  function keepDraft(part, form) {
    var said = readDraft();
    var notice = part.querySelector("#draf");
    if (notice && said.text && !form.elements.text.value) {
      fill(form, said);
      notice.hidden = false;
      notice.querySelector("button").addEventListener("click", function () {
        forgetDraft();
        form.elements.text.value = "";
        notice.hidden = true;
        form.elements.text.focus();
      });
    } else if (!notice && said.text && said.text.trim() === form.elements.text.value.trim()) {
      fill(form, said);
    }
    ["input", "change", "submit"].forEach(function (what) {
      form.addEventListener(what, function () {
        writeDraft(form);
      });
    });
  }

  function empty(element) {
    while (element.firstChild) element.removeChild(element.firstChild);
  }

  // The page that came back is put in the place of this one; the files that were chosen stay chosen.
  function swap(html) {
    var fresh = new DOMParser().parseFromString(html, "text/html");
    var now = fresh && fresh.getElementById("isi");
    if (!now || !now.querySelector("[data-lapor]")) return false;
    var files = main.querySelector("input[type=file]");
    empty(main);
    while (now.firstChild) main.appendChild(document.adoptNode(now.firstChild));
    var again = main.querySelector("input[type=file]");
    if (files && again) again.parentNode.replaceChild(files, again);
    document.title = fresh.title;
    begin();
    var said = main.querySelector("[role=alert]:not([hidden])") || main.querySelector("#place");
    if (said) said.scrollIntoView();
    return true;
  }

  function askFor(address, done) {
    var request = new XMLHttpRequest();
    request.open("GET", address);
    request.onload = function () {
      var found = null;
      try {
        if (request.status === 200) found = JSON.parse(request.responseText);
      } catch (broken) {
        found = null;
      }
      done(found);
    };
    request.onerror = function () {
      done(null);
    };
    request.send();
  }

  function dataOf(form, whole) {
    var data = new FormData();
    all(form, "input, select, textarea").forEach(function (field) {
      if (!field.name || ((field.type === "radio" || field.type === "checkbox") && !field.checked)) return;
      if (field.type !== "file") data.append(field.name, field.value);
      else if (whole) Array.prototype.forEach.call(field.files, function (file) { data.append(field.name, file, file.name); });
    });
    return data;
  }

  function release(form) {
    all(form, "button[aria-disabled]").forEach(function (button) {
      button.removeAttribute("aria-disabled");
      if (button.getAttribute("data-label")) button.textContent = button.getAttribute("data-label");
    });
  }

  function send(form, address, whole, doing) {
    var trouble = form.querySelector("[data-trouble]");
    var bar = form.querySelector("progress");
    var data = dataOf(form, whole);
    var request = new XMLHttpRequest();
    function failed(words) {
      form.removeAttribute("data-sending");
      release(form);
      bar.hidden = true;
      trouble.textContent = words;
      trouble.hidden = false;
      trouble.scrollIntoView();
    }
    if (whole) writeDraft(form);
    if (doing) data.append("do", doing);
    form.setAttribute("data-sending", "yes");
    trouble.hidden = true;
    request.open("POST", address);
    request.setRequestHeader("X-Requested-With", "sahut");
    if (request.upload) {
      request.upload.onprogress = function (event) {
        if (!whole || !event.lengthComputable || event.total < 20000) return;
        bar.hidden = false;
        bar.value = Math.round((100 * event.loaded) / event.total);
      };
    }
    request.onerror = function () {
      failed(form.getAttribute("data-lost"));
    };
    request.onload = function () {
      var kind = request.getResponseHeader("Content-Type") || "";
      if (kind.indexOf("application/json") === 0) location.assign(JSON.parse(request.responseText).to);
      else if (!swap(request.responseText)) failed(form.getAttribute(request.status >= 500 ? "data-lost" : "data-refused"));
    };
    request.send(data);
  }

  function checkFiles(form) {
    var field = form.elements.files;
    var told = form.querySelector("[data-files-fault]");
    var large = Array.prototype.filter.call(field.files, function (file) {
      return file.size > Number(field.getAttribute("data-largest"));
    })[0];
    told.textContent = "";
    if (field.files.length > Number(field.getAttribute("data-most"))) told.textContent = field.getAttribute("data-too-many");
    else if (large) told.textContent = field.getAttribute("data-too-large") + " " + large.name;
    told.hidden = !told.textContent;
    return told.hidden;
  }

  function sendAll(form) {
    var clicked = null; // older browsers do not say which button sent a form
    form.addEventListener("click", function (event) {
      var at = event.target;
      while (at && at !== form && at.nodeName !== "BUTTON") at = at.parentNode;
      clicked = at && at.nodeName === "BUTTON" ? at : null;
    });
    form.addEventListener("change", function (event) {
      if (event.target.type === "file") checkFiles(form);
    });
    form.addEventListener("submit", function (event) {
      var button = clicked;
      clicked = null;
      event.preventDefault();
      if (form.getAttribute("data-sending")) return;
      if (button && button.name === "do") {
        send(form, button.getAttribute("formaction"), false, button.value);
        return;
      }
      if (!checkFiles(form)) {
        form.elements.files.focus();
        return;
      }
      var big = form.querySelector("button.big");
      if (!big.getAttribute("data-label")) big.setAttribute("data-label", big.textContent);
      big.textContent = big.getAttribute("data-busy");
      big.setAttribute("aria-disabled", "true");
      form.setAttribute("data-sending", "yes");
      var work = window.sahutWork;
      if (work) work(form, function () { send(form, form.getAttribute("action"), true); });
      else send(form, form.getAttribute("action"), true);
    });
  }

  // The four lists: choosing in one fills the next. Returns what chooses a place in all of them.
  function lists(form) {
    var levels = all(form, "select[data-level]");
    if (!levels.length) return null;
    form.querySelector("[data-deeper]").hidden = true;
    function put(select, options) {
      while (select.options.length > 1) select.remove(1);
      options.forEach(function (pair) {
        var option = document.createElement("option");
        option.value = pair[0];
        option.textContent = pair[1];
        select.appendChild(option);
      });
      select.parentNode.hidden = !options.length;
    }
    function fillFrom(level, code, then) {
      levels.slice(level + 1).forEach(function (deeper) { put(deeper, []); });
      if (!code || !levels[level + 1]) {
        then();
        return;
      }
      askFor("/wilayah/" + code + ".json", function (found) {
        if (found) put(levels[level + 1], found);
        else form.querySelector("[data-deeper]").hidden = false;
        then();
      });
    }
    levels.forEach(function (select, level) {
      select.addEventListener("change", function () { fillFrom(level, select.value, function () {}); });
    });
    return function (code) {
      var lengths = [2, 5, 8, 13];
      function choose(level) {
        var part = code.slice(0, lengths[level]);
        if (level >= levels.length || part.length < lengths[level]) return;
        levels[level].value = part;
        fillFrom(level, part, function () { choose(level + 1); });
      }
      choose(0);
      form.querySelector("#place-choose").checked = true;
    };
  }

  // One box that finds any village, district or regency (the combobox of the ARIA Authoring Practices).
  function finder(form, choose) {
    var part = form.querySelector("[data-find]");
    if (!part || !choose) return;
    var box = part.querySelector("input");
    var list = part.querySelector("[role=listbox]");
    var told = part.querySelector("[role=status]");
    var active = -1;
    var timer = 0;
    var asked = 0;
    part.hidden = false;
    function close() {
      list.hidden = true;
      active = -1;
      box.setAttribute("aria-expanded", "false");
      box.removeAttribute("aria-activedescendant");
    }
    function pick(option) {
      box.value = option.textContent;
      close();
      choose(option.getAttribute("data-code"));
    }
    function mark(to) {
      var options = all(list, "[role=option]");
      active = (to + options.length) % options.length;
      options.forEach(function (option, at) { option.setAttribute("aria-selected", String(at === active)); });
      box.setAttribute("aria-activedescendant", options[active].id);
      list.scrollTop = options[active].offsetTop - list.clientHeight / 2;
    }
    function offer(pair, at) {
      var option = document.createElement("li");
      option.id = "find-" + at;
      option.setAttribute("data-code", pair[0]);
      option.textContent = pair[1];
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.addEventListener("mousedown", function (event) {
        event.preventDefault();
        pick(option);
      });
      list.appendChild(option);
    }
    function look() {
      asked += 1;
      var mine = asked;
      var wanted = box.value.trim();
      if (wanted.length < 3) {
        close();
        return;
      }
      askFor(part.getAttribute("data-find") + "?q=" + encodeURIComponent(wanted), function (found) {
        if (!found || mine !== asked) return;
        empty(list);
        found.forEach(offer);
        active = -1;
        list.hidden = !found.length;
        box.setAttribute("aria-expanded", String(found.length > 0));
        told.textContent = part.getAttribute("data-found").replace("{count}", found.length);
      });
    }
    box.addEventListener("input", function () {
      clearTimeout(timer);
      timer = setTimeout(look, 200);
    });
    box.addEventListener("blur", close);
    box.addEventListener("keydown", function (event) {
      var open = !list.hidden;
      var key = event.key || { 13: "Enter", 27: "Escape", 38: "ArrowUp", 40: "ArrowDown" }[event.keyCode];
      if (key === "ArrowDown" && open) mark(active + 1);
      else if (key === "ArrowUp" && open) mark(active - 1);
      else if (key === "Escape" && open) close();
      else if (key === "Enter" && open) pick(list.children[Math.max(0, active)]);
      else if (key !== "Enter") return;
      event.preventDefault();
    });
  }

  function usePosition(form, latitude, longitude, by) {
    form.elements.latitude.value = latitude.toFixed(6);
    form.elements.longitude.value = longitude.toFixed(6);
    form.elements.position_by.value = by;
    send(form, form.getAttribute("data-check"), false, "posisi");
  }

  function position(form) {
    var part = form.querySelector(".position");
    if (!part || !navigator.geolocation) return;
    var button = part.querySelector("button");
    var told = part.querySelector("[role=status]");
    part.hidden = false;
    button.addEventListener("click", function () {
      told.textContent = button.getAttribute("data-asking");
      navigator.geolocation.getCurrentPosition(
        function (found) {
          usePosition(form, found.coords.latitude, found.coords.longitude, "own");
        },
        function () {
          told.textContent = button.getAttribute("data-denied");
        },
        { enableHighAccuracy: true, timeout: 20000, maximumAge: 60000 }
      );
    });
  }

  // Where a JPEG says that it was taken (Exif 2.32, GPS tags 1 to 4), as [latitude, longitude]; null for nowhere.
  function placeInPhoto(buffer) {
    var view = new DataView(buffer);
    var at = 2;
    if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return null;
    while (at + 10 < view.byteLength && view.getUint16(at) !== 0xffe1) {
      if (view.getUint8(at) !== 0xff) return null;
      at += 2 + view.getUint16(at + 2);
    }
    if (at + 18 > view.byteLength || view.getUint32(at + 4) !== 0x45786966) return null;
    var base = at + 10;
    var little = view.getUint16(base) === 0x4949;
    function entries(offset) {
      var found = {};
      var count = view.getUint16(base + offset, little);
      for (var number = 0; number < count; number += 1) {
        var entry = base + offset + 2 + 12 * number;
        found[view.getUint16(entry, little)] = entry + 8;
      }
      return found;
    }
    var gps = entries(view.getUint32(base + 4, little))[0x8825];
    if (!gps) return null;
    var tags = entries(view.getUint32(gps, little));
    function degrees(value, reference, negative) {
      var start = base + view.getUint32(value, little);
      var sum = 0;
      for (var part = 0; part < 3; part += 1) {
        sum += view.getUint32(start + 8 * part, little) / view.getUint32(start + 8 * part + 4, little) / Math.pow(60, part);
      }
      return String.fromCharCode(view.getUint8(reference)) === negative ? -sum : sum;
    }
    if (!tags[1] || !tags[2] || !tags[3] || !tags[4]) return null;
    var found = [degrees(tags[2], tags[1], "S"), degrees(tags[4], tags[3], "W")];
    var real = Math.abs(found[0]) <= 90 && Math.abs(found[1]) <= 180 && (found[0] !== 0 || found[1] !== 0);
    return real ? found : null;
  }

  // Only after the citizen has said that we may; a photo without a place changes nothing and is said so.
  function photos(form) {
    var box = form.elements.photo_position;
    var field = form.elements.files;
    if (!box || !field || !window.FileReader || !window.DataView) return;
    var told = form.querySelector("[data-photo-told]");
    var run = 0;
    function look() {
      var waiting = Array.prototype.slice.call(field.files);
      run += 1;
      var mine = run;
      told.textContent = "";
      if (!box.checked || !waiting.length || form.elements.latitude.value) return;
      function next() {
        var file = waiting.shift();
        if (mine !== run) return;
        if (!file) {
          told.textContent = told.getAttribute("data-none");
          return;
        }
        var reader = new FileReader();
        reader.onload = function () {
          var found = null;
          try {
            found = placeInPhoto(reader.result);
          } catch (broken) {
            found = null; // cut short, or not what it says it is
          }
          if (mine !== run) return;
          if (found) usePosition(form, found[0], found[1], "photo");
          else next();
        };
        reader.onerror = next;
        reader.readAsArrayBuffer(file.slice(0, 262144));
      }
      next();
    }
    box.addEventListener("change", look);
    field.addEventListener("change", look);
  }

  function begin() {
    all(main, "[data-lapor]").forEach(function (part) {
      var form = part.querySelector("form");
      keepDraft(part, form);
      if (!form.hasAttribute("data-send")) return;
      sendAll(form);
      finder(form, lists(form));
      position(form);
      photos(form);
    });
  }

  if (!main || !window.FormData || !window.DOMParser || !window.JSON || !main.addEventListener) return;
  if (document.querySelector("[data-sent]")) forgetDraft();
  begin();
})();
