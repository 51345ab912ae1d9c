// What happens, as it happens: one WebSocket for the whole page; where none can be had, looking now and then.
//
// Invariant: whoever listens is told after each gap (`resumed`), and then looks for themselves.
import { api, type Notification, type Status } from './api';
import { session } from './session.svelte';

export interface Listener {
  update?(status: Status): void;
  edited?(status: Status): void;
  deleted?(id: string): void;
  notified?(notification: Notification): void;
  letter?(number: string): void;
  /** The stream is back, or time has passed without one. */
  resumed?(): void;
}

const FIRST_WAIT_MS = 1_000;
const WAIT_MS_MAX = 30_000;
const LOOK_MS = 20_000;

const listeners = new Map<string, Set<Listener>>();
let socket: WebSocket | null = null;
let waitMs = FIRST_WAIT_MS;
let pending: number | undefined;
let looking: number | undefined;
let isConnected = $state(false);
let hasBegun = false;

export const live = {
  get isConnected(): boolean {
    return isConnected;
  },
};

/** Listens to a channel: `user`, `public`, `mailbox`, or `hashtag:plaza`. Returns how to stop. */
export function listen(channel: string, listener: Listener): () => void {
  const there = listeners.get(channel) ?? new Set();
  listeners.set(channel, there.add(listener));
  if (there.size === 1) subscribe('subscribe', channel);
  if (!socket && pending === undefined) connect();
  return () => {
    there.delete(listener);
    if (there.size > 0) return;
    listeners.delete(channel);
    subscribe('unsubscribe', channel);
  };
}

function subscribe(type: string, channel: string): void {
  if (socket?.readyState !== WebSocket.OPEN) return;
  const [stream, tag] = channel.split(':');
  socket.send(JSON.stringify({ type, stream, ...(tag !== undefined && { tag }) }));
}

function connect(): void {
  clearTimeout(pending);
  pending = undefined;
  socket?.close();
  if (listeners.size === 0) return;
  const token = session.current?.token;
  const { base } = api;
  let opened = false;
  let mine: WebSocket;
  try {
    mine = new WebSocket(`${base.replace(/^http/, 'ws')}/api/v1/streaming`, token ? [token] : []);
  } catch {
    return later();
  }
  socket = mine;
  // A machine that has stopped with its power cut says nothing at all.
  const slow = setTimeout(() => mine.close(), 10_000);
  mine.onopen = () => {
    opened = true;
    clearTimeout(slow);
    isConnected = true;
    waitMs = FIRST_WAIT_MS;
    for (const channel of listeners.keys()) subscribe('subscribe', channel);
    if (hasBegun) tell((listener) => listener.resumed?.());
    hasBegun = true;
  };
  mine.onmessage = (message) => heard(String(message.data));
  mine.onclose = () => {
    clearTimeout(slow);
    if (socket !== mine) return;
    socket = null;
    isConnected = false;
    if (!opened) api.moveOn(base);
    later();
  };
}

function later(): void {
  looking ??= window.setInterval(() => {
    if (!isConnected && !document.hidden) tell((listener) => listener.resumed?.());
  }, LOOK_MS);
  pending = window.setTimeout(connect, waitMs * (0.75 + Math.random() / 2));
  waitMs = Math.min(waitMs * 2, WAIT_MS_MAX);
}

function heard(data: string): void {
  let told: { stream?: string[]; event?: string; payload?: string };
  try {
    told = JSON.parse(data) as typeof told;
  } catch {
    return;
  }
  const [name = '', tag] = told.stream ?? [];
  const payload = told.payload ?? '';
  const channel = tag !== undefined && name.startsWith('hashtag') ? `hashtag:${tag}` : name;
  for (const listener of [...(listeners.get(channel) ?? [])]) {
    switch (told.event) {
      case 'update':
        listener.update?.(JSON.parse(payload) as Status);
        break;
      case 'status.update':
        listener.edited?.(JSON.parse(payload) as Status);
        break;
      case 'delete':
        listener.deleted?.(payload);
        break;
      case 'notification':
        listener.notified?.(JSON.parse(payload) as Notification);
        break;
      case 'letter':
        listener.letter?.(payload);
        break;
      default:
    }
  }
}

function tell(what: (listener: Listener) => void): void {
  for (const channel of [...listeners.values()]) for (const listener of [...channel]) what(listener);
}

/** Another session is another stream; a network that came back is tried at once. */
function anew(): void {
  waitMs = FIRST_WAIT_MS;
  const old = socket;
  socket = null;
  isConnected = false;
  old?.close();
  connect();
}

$effect.root(() => {
  let token = session.current?.token;
  $effect(() => {
    const now = session.current?.token;
    if (now === token) return;
    token = now;
    anew();
  });
});
window.addEventListener('online', anew);
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && !isConnected) anew();
});
