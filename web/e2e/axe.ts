// Whether everybody can use what a page shows, in each of its looks: axe-core, put into the page once, looks as often as the page is
// dressed anew. Nothing is loaded again for that: the page changes as it does when another tab chooses.
import { expect, type Page } from '@playwright/test';
import axe from 'axe-core';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Both languages in both themes; each language and each theme on a wide screen and on the narrowest phone. */
export const LOOKS = [
  { language: 'en', theme: 'light', width: 1280 },
  { language: 'es', theme: 'dark', width: 1280 },
  { language: 'es', theme: 'light', width: 320 },
  { language: 'en', theme: 'dark', width: 320 },
] as const;

type Look = (typeof LOOKS)[number];

async function dress(page: Page, { language, theme, width }: Look): Promise<void> {
  if (page.viewportSize()?.width !== width) await page.setViewportSize({ width, height: 800 });
  await page.evaluate((chosen) => {
    for (const [name, value] of Object.entries(chosen)) {
      localStorage.setItem(`tertulia.${name}`, JSON.stringify(value));
      window.dispatchEvent(new StorageEvent('storage', { key: `tertulia.${name}` }));
    }
  }, { language, theme });
  await expect(page.locator(`html[lang=${language}][data-theme=${theme}]`)).toHaveCount(1);
}

/** Nothing that axe knows is wrong with what is shown, in no look, and nothing is wider than the screen. */
export async function everybodyCanUse(page: Page, what: string, within = 'html'): Promise<void> {
  if (await page.evaluate('typeof axe === "undefined"')) await page.evaluate(axe.source);
  // As they go on from one another: the last look of one page is the first of the next one.
  const isNarrow = page.viewportSize()?.width === 320;
  for (const look of isNarrow ? [...LOOKS].reverse() : LOOKS) {
    await dress(page, look);
    const found = await page.evaluate(
      async ([selector, values]) => {
        const { axe } = window as unknown as { axe: typeof import('axe-core') };
        const { violations } = await axe.run(selector, { runOnly: values, resultTypes: ['violations'] });
        const of = document.querySelector(selector);
        return {
          wrong: violations.map(({ id, nodes }) => `${id} ${nodes[0]?.html.slice(0, 200)} ${nodes[0]?.failureSummary}`),
          overflowPx: of ? Math.max(0, of.scrollWidth - of.clientWidth) : Number.NaN,
        };
      },
      [within, TAGS] as const,
    );
    expect(found, `${what}: ${look.language}, ${look.theme}, ${look.width} wide`).toEqual({ wrong: [], overflowPx: 0 });
  }
}
