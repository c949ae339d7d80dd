// Reads pages with pa11y (axe and HTML_CodeSniffer) in one browser: node pa11y.cjs NODE_MODULES CHROMIUM BASE ADDRESS...
// Prints {address: [what is wrong, ...], ...}.
"use strict";

const { createRequire } = require("node:module");
const [modules, chromium, base, ...addresses] = process.argv.slice(2);
const from = createRequire(`${modules}/`);
const pa11y = from("pa11y");
const puppeteer = from("puppeteer");

(async () => {
  const browser = await puppeteer.launch({
    executablePath: chromium,
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"],
  });
  const read = {};
  try {
    for (const address of addresses) {
      const { issues } = await pa11y(base + address, { browser, runners: ["axe", "htmlcs"], standard: "WCAG2AA" });
      // What axe cannot judge (words upon a drawing or beside a numbered circle) is judged by the test of contrasts.
      const sure = issues.filter((issue) => !issue.runnerExtras.needsFurtherReview);
      read[address] = sure.map((issue) => `${issue.code}: ${issue.context}`);
    }
  } finally {
    await browser.close();
  }
  console.log(JSON.stringify(read));
})().catch((fault) => {
  console.error(fault);
  process.exit(1);
});
