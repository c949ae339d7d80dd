// What JavaScript adds to a form that works without it: it is sent once, and a long list can be searched. Written for
// browsers of 2014 and later (ECMAScript 5).
"use strict";

(function () {
  function all(where, what) {
    return Array.prototype.slice.call(where.querySelectorAll(what));
  }

  function plain(text) {
    var lower = text.toLowerCase();
    return (lower.normalize ? lower.normalize("NFKD") : lower).replace(/[^a-z0-9 ]/g, "");
  }

  all(document, "form[data-once]").forEach(function (form) {
    var clicked = null;
    form.addEventListener("click", function (event) {
      var at = event.target;
      while (at && at !== form && at.nodeName !== "BUTTON") at = at.parentNode;
      clicked = at && at.nodeName === "BUTTON" ? at : null;
    });
    form.addEventListener("submit", function (event) {
      if (form.getAttribute("data-was-sent")) {
        event.preventDefault();
        return;
      }
      form.setAttribute("data-was-sent", "yes");
      all(form, "button").forEach(function (button) {
        button.setAttribute("aria-disabled", "true");
        if (button === (event.submitter || clicked) && button.getAttribute("data-busy")) {
          button.setAttribute("data-label", button.textContent);
          button.textContent = button.getAttribute("data-busy");
        }
      });
    });
  });

  // Back from the next page: the form can be sent again.
  window.addEventListener("pageshow", function (event) {
    if (!event.persisted) return;
    all(document, "form[data-once]").forEach(function (form) {
      form.removeAttribute("data-was-sent");
      all(form, "button").forEach(function (button) {
        button.removeAttribute("aria-disabled");
        if (button.getAttribute("data-label")) button.textContent = button.getAttribute("data-label");
      });
    });
  });

  all(document, "select[data-search]").forEach(function (select) {
    var whole = all(select, "option, optgroup").filter(function (child) { return child.parentNode === select; })
      .map(function (child) { return child.cloneNode(true); });
    var options = all(select, "option").filter(function (option) { return option.value; }).map(function (option) {
      var group = option.parentNode.nodeName === "OPTGROUP" ? option.parentNode.label : "";
      var name = option.textContent.trim();
      return { value: option.value, name: name, group: group, words: plain(name + " " + group) };
    });
    var search = document.createElement("input");
    search.type = "search";
    search.className = "search";
    search.placeholder = select.getAttribute("data-search");
    search.setAttribute("aria-label", select.getAttribute("data-search"));
    search.setAttribute("aria-controls", select.id);
    search.autocomplete = "off";
    var told = document.createElement("p");
    told.className = "unseen";
    told.setAttribute("role", "status");
    select.parentNode.insertBefore(search, select);
    select.parentNode.insertBefore(told, select);

    function put(children) {
      while (select.firstChild) select.removeChild(select.firstChild);
      children.forEach(function (child) { select.appendChild(child); });
    }
    function showWhole() {
      var chosen = select.value;
      put(whole.map(function (child) { return child.cloneNode(true); }));
      select.removeAttribute("size");
      select.value = chosen;
    }
    function showMatches() {
      var wanted = plain(search.value).split(" ").filter(Boolean);
      if (!wanted.length) {
        showWhole();
        told.textContent = "";
        return;
      }
      var seen = {};
      var found = options.filter(function (option) {
        var fits = wanted.every(function (word) { return option.words.indexOf(word) >= 0; });
        if (!fits || seen[option.value]) return false;
        seen[option.value] = true;
        return true;
      });
      put(found.map(function (option) {
        var made = document.createElement("option");
        made.value = option.value;
        made.textContent = option.group ? option.name + ", " + option.group : option.name;
        return made;
      }));
      select.size = Math.min(6, Math.max(2, found.length));
      select.selectedIndex = found.length === 1 ? 0 : -1;
      told.textContent = String(found.length);
    }
    search.addEventListener("input", showMatches);
    search.addEventListener("keydown", function (event) {
      var key = event.key || { 13: "Enter", 40: "ArrowDown" }[event.keyCode];
      if (key === "Enter") {
        event.preventDefault();
        if (search.value && select.options.length) {
          select.selectedIndex = Math.max(0, select.selectedIndex);
          search.value = "";
          showWhole();
          select.focus();
        }
      } else if (key === "ArrowDown" && search.value) {
        event.preventDefault();
        select.focus();
        select.selectedIndex = Math.max(0, select.selectedIndex);
      }
    });
    select.addEventListener("change", function () {
      if (search.value) {
        search.value = "";
        showWhole();
      }
    });
  });
})();
