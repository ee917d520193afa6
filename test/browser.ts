/**
 * A real Chromium for tests of pages. In CI it must be there; elsewhere such tests are skipped without it.
 */
import { type Browser, chromium, type Page } from 'playwright-core';
import { findProgram } from './programs.js';

const executablePath = findProgram('chromium', 'chromium-browser', 'google-chrome');

/** Whether to skip for want of a browser. Never in CI: there the launch fails instead. */
export const noBrowser = executablePath === undefined && !process.env.CI;

export interface Visit {
  /** What the page wrote to its console as an error, and exceptions that nobody caught. */
  readonly errors: string[];
  /** Addresses that it asked for, itself left out. */
  readonly requests: string[];
}

/** A Chromium that several tests share; whoever asks closes it. */
export function launchChromium(flags: readonly string[] = []): Promise<Browser> {
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    ...flags,
  ];
  return chromium.launch({ executablePath: executablePath ?? 'chromium', args });
}

/** Opens a URL, lets `look` work with the page, and tells what went on. */
export async function visit(
  url: string,
  options: { width?: number; height?: number; colorScheme?: 'light' | 'dark' },
  look: (page: Page) => Promise<void>,
): Promise<Visit> {
  const { width = 1200, height = 900, colorScheme = 'light' } = options;
  const browser = await launchChromium();
  try {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme });
    const errors: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text());
    });
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('request', (request) => {
      const address = request.url();
      if (address !== url && !address.startsWith('data:')) requests.push(address);
    });
    await page.goto(url);
    await look(page);
    return { errors, requests };
  } finally {
    await browser.close();
  }
}
