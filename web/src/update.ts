// The service worker of this page, and what happens when there is a newer one.
import { t } from './i18n/index.svelte';
import { notice } from './notice.svelte';

export async function startWorker(): Promise<void> {
  // Only over https, and on one's own computer.
  if (!('serviceWorker' in navigator) || import.meta.env.DEV) return;
  const had = navigator.serviceWorker.controller !== null;
  navigator.serviceWorker.addEventListener('controllerchange', () => {
    if (had) location.reload();
  });
  try {
    const registration = await navigator.serviceWorker.register('/sw.js');
    const offer = (waiting: ServiceWorker) =>
      notice(t('app.newVersion'), { label: t('app.reload'), run: () => waiting.postMessage('take over') });
    if (registration.waiting && had) offer(registration.waiting);
    registration.addEventListener('updatefound', () => {
      const fresh = registration.installing;
      fresh?.addEventListener('statechange', () => {
        if (fresh.state === 'installed' && had) offer(fresh);
      });
    });
  } catch {
    // Without one the page works all the same, but not without a network.
  }
}
