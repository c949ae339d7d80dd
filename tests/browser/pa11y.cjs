// Reads the open pages of a running browser with pa11y (axe and HTML_CodeSniffer), as they stand; a page is known by its
// window.name: node pa11y.cjs NODE_MODULES BROWSER NAME... Prints {name: [what is wrong, ...], ...}.
"use strict";

const { createRequire } = require("node:module");
const [modules, address, ...names] = process.argv.slice(2);
const from = createRequire(`${modules}/`);
const pa11y = from("pa11y");
const puppeteer = from("puppeteer");

(async () => {
  const browser = await puppeteer.connect({ browserURL: address, defaultViewport: null });
  const read = {};
  for (const page of await browser.pages()) {
    const name = await page.evaluate(() => window.name);
    if (!names.includes(name)) continue;
    const { issues } = await pa11y(page.url(), {
      browser, page, ignoreUrl: true, runners: ["axe", "htmlcs"], standard: "WCAG2AA",
    });
    // What axe cannot judge (words upon a drawing or beside a numbered circle) is judged by the test of contrasts.
    const sure = issues.filter((issue) => !issue.runnerExtras.needsFurtherReview);
    read[name] = sure.map((issue) => `${issue.code}: ${issue.context}`);
  }
  await browser.disconnect();
  console.log(JSON.stringify(read));
})().catch((fault) => {
  console.error(fault);
  process.exit(1);
});
