// Parts of a page marked data-refresh="seconds" are asked for again and put in place when they have changed.
// What can be typed into lies only in parts marked data-careful: those stay while somebody is at work in them. Without
// JavaScript, the page's own link does the same. Written for browsers of 2014 and later (ECMAScript 5).
"use strict";

(function () {
  var parts = Array.prototype.slice.call(document.querySelectorAll("[data-refresh][id]"));
  if (!parts.length || !window.DOMParser) return;
  var seconds = Math.min.apply(null, parts.map(function (part) { return Number(part.getAttribute("data-refresh")); }));
  var named = parts.filter(function (part) { return part.getAttribute("data-from"); })[0];
  var from = named ? named.getAttribute("data-from") : location.href;
  var waited = seconds;

  function isTouched(field) {
    var ticked = field.type === "radio" || field.type === "checkbox";
    return ticked ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
  }

  function isInUse(part) {
    var fields = part.querySelectorAll("input:not([type=hidden]), textarea");
    return part.hasAttribute("data-careful") &&
      (part.contains(document.activeElement) || Array.prototype.some.call(fields, isTouched));
  }

  function put(html) {
    var fresh = new DOMParser().parseFromString(html, "text/html");
    parts.forEach(function (part) {
      var now = fresh && fresh.getElementById(part.id);
      if (!now || now.getAttribute("data-version") === part.getAttribute("data-version") || isInUse(part)) return;
      while (part.firstChild) part.removeChild(part.firstChild);
      while (now.firstChild) part.appendChild(document.adoptNode(now.firstChild));
      part.setAttribute("data-version", now.getAttribute("data-version"));
    });
  }

  function wait() {
    waited = Math.min(waited * 1.1, seconds * 10);
    setTimeout(refresh, waited * 1000);
  }

  function refresh() {
    if (document.hidden) {
      wait();
      return;
    }
    var request = new XMLHttpRequest();
    request.open("GET", from);
    request.setRequestHeader("Cache-Control", "no-cache");
    request.onload = function () {
      if (request.status === 200) put(request.responseText);
      wait();
    };
    request.onerror = wait; // the line is away for a moment: the next look tells
    request.send();
  }

  setTimeout(refresh, seconds * 1000);
})();
