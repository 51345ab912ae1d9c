// The texts of what is fetched when somebody wants it. What a first visit needs must not import this: it would come along.
import { texts, type Key } from './index.svelte';
import { laterEn } from './later.en';
import { laterEs } from './later.es';

export type LaterKey = Key | keyof typeof laterEn;

export const { t, known } = texts({ en: laterEn, es: laterEs });
