//
//   Debian's chromium, driven by playwright-core. Without it a test says which package it lacks, in one line, and is skipped.
//

import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";

const CHROMIUM = "/usr/bin/chromium";

/** Whether there is a browser; says so when there is none. */
export function browserThere(): boolean {
  if (existsSync(CHROMIUM)) return true;
  process.stderr.write(`skipped: reports need ${CHROMIUM} (Debian package chromium)\n`);
  return false;
}

/** What a page did that it must not do: errors of the console, and requests beyond the page's own. */
export async function openPage(
  browser: Browser,
  path: string,
  width: number,
): Promise<{ page: Page; faults: string[] }> {
  const page = await browser.newPage({ viewport: { width, height: 900 } });
  const url = pathToFileURL(path).href;
  const faults: string[] = [];
  page.on("console", (message) => faults.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("request", (request) => request.url() === url || faults.push(`request: ${request.url()}`));
  await page.goto(url);
  await page.waitForSelector("html[data-drawn]", { state: "attached" });
  return { page, faults };
}

export async function openBrowser(): Promise<Browser> {
  const { chromium } = await import("playwright-core");
  // Root, as in a container, has no sandbox; the pages are our own.
  return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
}
