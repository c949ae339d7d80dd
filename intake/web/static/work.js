// A little work for the sender's machine, where a regency asks for it: a number that makes a digest (SHA-256, FIPS 180-4)
// begin with zeroes. Nothing to see or hear and nothing to do for the person; who has no script is let in all the same.
"use strict";

(function () {
  var AT_ONCE = 400;
  var K = [];
  var H = [];

  (function () {
    var prime = 2;
    function isPrime(number) {
      for (var by = 2; by * by <= number; by += 1) if (number % by === 0) return false;
      return true;
    }
    function fraction(value) {
      return ((value - Math.floor(value)) * 4294967296) | 0;
    }
    for (; K.length < 64; prime += 1) {
      if (!isPrime(prime)) continue;
      if (H.length < 8) H.push(fraction(Math.pow(prime, 1 / 2)));
      K.push(fraction(Math.pow(prime, 1 / 3)));
    }
  })();

  function turn(value, by) {
    return (value >>> by) | (value << (32 - by));
  }

  // The first word of the digest of ASCII words: more than 32 zeroes are never asked for.
  function firstWord(words) {
    var length = words.length;
    var blocks = ((length + 8) >> 6) + 1;
    var data = [];
    var state = H.slice();
    var at;
    for (at = 0; at < blocks * 16; at += 1) data[at] = 0;
    for (at = 0; at < length; at += 1) data[at >> 2] |= words.charCodeAt(at) << (24 - 8 * (at & 3));
    data[length >> 2] |= 0x80 << (24 - 8 * (length & 3));
    data[blocks * 16 - 1] = length * 8;
    for (var block = 0; block < blocks; block += 1) {
      var w = data.slice(block * 16, block * 16 + 16);
      var s = state.slice();
      for (var round = 0; round < 64; round += 1) {
        if (round > 15) {
          var one = w[round - 15];
          var two = w[round - 2];
          w[round] = (w[round - 16] + (turn(one, 7) ^ turn(one, 18) ^ (one >>> 3)) + w[round - 7] +
            (turn(two, 17) ^ turn(two, 19) ^ (two >>> 10))) | 0;
        }
        var first = (s[7] + (turn(s[4], 6) ^ turn(s[4], 11) ^ turn(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) +
          K[round] + w[round]) | 0;
        var second = ((turn(s[0], 2) ^ turn(s[0], 13) ^ turn(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]))) | 0;
        s = [(first + second) | 0, s[0], s[1], s[2], (s[3] + first) | 0, s[4], s[5], s[6]];
      }
      for (at = 0; at < 8; at += 1) state[at] = (state[at] + s[at]) | 0;
    }
    return state[0] >>> 0;
  }

  // Calls ``then`` when the form's field "work" holds the number. In small portions: the page stays usable meanwhile.
  window.sahutWork = function (form, then) {
    var bits = Number(form.getAttribute("data-work"));
    var token = form.elements.token.value;
    var below = Math.pow(2, 32 - bits);
    var number = 0;
    function go() {
      for (var tries = 0; tries < AT_ONCE; tries += 1, number += 1) {
        if (firstWord(token + ":" + number) < below) {
          form.elements.work.value = String(number);
          then();
          return;
        }
      }
      setTimeout(go, 0);
    }
    if (!bits || !form.elements.work) then();
    else go();
  };
})();
